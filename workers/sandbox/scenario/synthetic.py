"""The fault of synthetic traffic: the canary fails by itself, and nobody else notices anything."""

from workers.sandbox.estate.beginning import Change
from workers.sandbox.scenario.case import Trouble, Truth
from workers.sandbox.scenario.changes import Turn
from workers.sandbox.scenario.stage import ROLLOUT, Stage

ELEMENT, LOGIN, NETWORK = 1.0, 2.0, 3.0
"""What breaks a canary: a page that was made anew, its login that ran out, its own way out."""


def canary_only(stage: Stage) -> Trouble:
    """A harmless release renames what the script looks for, its login runs out, or its network is closed."""
    application = stage.base.application
    canary, entry = application.canary, application.traffic.entry
    assert canary is not None, "faults.yaml names only applications with a canary"
    broken = (ELEMENT, LOGIN, NETWORK)[int(stage.rng.integers(3))]
    stage.taken.add(entry)
    changes: list[Change] = [Turn(stage.onset, canary.name, "broken", broken)]
    if broken == ELEMENT:
        _, released = stage.release(entry, stage.onset - ROLLOUT)
        changes += released
    alarm = next(a.name for a in stage.base.alarms if a.metric == "SuccessPercent")
    return Trouble(Truth(canary.name, "canary_only"), tuple(changes), alarm)
