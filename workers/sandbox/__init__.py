"""A local cloud: an AWS that answers from a simulation of running applications. Reached only by URL.

`python -m workers.sandbox --state DIR` prints its address. `front/` takes AWS requests off the wire and
answers them from `estate/`, what stands in the account, whose telemetry `model/` computes; `scenario/` makes
the cases that the control API under `/_cloud/` plays. Applications and faults are YAML files.
"""
