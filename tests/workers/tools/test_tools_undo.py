"""Changes and their undo in the local cloud: what a row calls tested brings back the state before."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest
from pydantic import JsonValue

from tests.workers.executor.trials import TRIALS as MADE
from tests.workers.tools.conftest import Site
from workers.domain.call import StateData, ToolCall
from workers.tools import changes
from workers.tools.aws import WRITE
from workers.tools.changes import State, change_rows


class Trial(NamedTuple):
    """Where a change is tried: an application and its fault, the place, and what is changed from before."""

    application: str
    fault: str
    place: dict[str, str]
    step: dict[str, int]
    """How far each argument is moved, whether it is a count or the number of a revision."""


TRIALS = {
    "ecs-update-service": Trial(
        "shop", "bad_deployment", {"cluster": "shop", "service": "checkout"}, {"taskDefinition": -1}
    ),
    "ecs-scale-service": Trial(
        "shop", "bad_deployment", {"cluster": "shop", "service": "checkout"}, {"desiredCount": 2}
    ),
    "autoscaling-refresh": Trial(
        "claims", "bad_deployment", {"group": "intake"}, {"template": 0, "version": -1}
    ),
    "autoscaling-scale": Trial("claims", "bad_deployment", {"group": "intake"}, {"desiredCount": 1}),
    "lambda-alias": Trial(
        "parcels", "cannot_scale", {"function": "tracking", "alias": "live"}, {"version": -1}
    ),
    "lambda-reserve": Trial("parcels", "cannot_scale", {"function": "tracking"}, {"reservedCount": 3}),
}


@pytest.fixture(scope="module")
def sites(_site: Site) -> Iterator[Site]:
    """Whatever is played here, the shop is put back."""
    yield _site
    _site.play("bad_deployment", seed=3)


def test_every_row_that_is_called_tested_is_tried() -> None:
    tested = {row.id for row in change_rows().values() if row.undo_tested}
    elsewhere = {name for name in MADE if not change_rows()[name].no_undo}

    assert tested <= set(TRIALS) | elsewhere
    assert tested >= set(TRIALS)


@pytest.mark.parametrize("name", TRIALS)
def test_undo_brings_back_the_state_before(sites: Site, name: str) -> None:
    trial, row = TRIALS[name], change_rows()[name]
    sites.play(trial.fault, application=trial.application, seed=3)
    before = state(sites, row, trial.place)
    wanted = {arg: moved(before[arg], step) for arg, step in trial.step.items()}
    call = ToolCall(name=name, arguments={**trial.place, **wanted})

    changes.make(sites.aws("executor", WRITE), call, "there")
    sites.cloud.pass_time(600)
    between = state(sites, row, trial.place)
    back = changes.undo(row, call, before)
    assert back is not None
    changes.make(sites.aws("executor", WRITE), back, "and back")
    sites.cloud.pass_time(600)
    after = state(sites, row, trial.place)

    assert changes.in_effect(row, call, before, between)
    assert changes.drift(row, before, between)
    assert changes.steady(row, after)
    assert changes.drift(row, before, after) == ""


def state(sites: Site, row: changes.ChangeRow, place: dict[str, str]) -> State:
    wanted: dict[str, JsonValue] = {
        name: place.get(name, 0 if kind == "count" else "any") for name, kind in row.takes.items()
    }
    found: Any = sites.gate.run(changes.reading(row, ToolCall(name=row.id, arguments=wanted)))
    assert isinstance(found.data, StateData), found.failure
    return found.data.state


def moved(value: Any, step: int) -> Any:
    """A count or a revision so many further; the kind of the value stays."""
    family, colon, number = str(value).rpartition(":")
    if not step:
        return value
    return value + step if isinstance(value, int) else f"{family}{colon}{int(number) + step}"
