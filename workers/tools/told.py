"""A change as one system tells it, with what other systems know it by."""

from workers.domain.telemetry import Change
from workers.domain.value import Value


class Told(Value):
    """`run` is what it is part of (a CodeDeploy deployment's id, a stack's name); `begins`, the run of
    another system that it only set off."""

    change: Change
    run: str = ""
    begins: str = ""
