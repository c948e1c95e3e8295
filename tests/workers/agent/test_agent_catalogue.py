"""The catalogue is data: every row can be judged, confirmed, refuted, and told from its double."""

import re
from collections.abc import Iterator
from typing import Any, get_args

import pytest

from tests.workers import making
from workers.agent import looks
from workers.agent.catalogue import AnyLook, Mode, modes
from workers.agent.proposals import asked, filled
from workers.agent.remedy import REMEDIES, SCALED
from workers.agent.triage import SIGNALS
from workers.domain.conclusion import Outcome
from workers.domain.telemetry import Happening, Signal
from workers.tools.changes import change_rows

ROWS = tuple(modes().values())
# What tools leave behind; the rest of the signals a row names has to be among those that triage asks for.
DERIVED = {Signal.ERROR_RATE}
# One and only one place of each kind that `of` may name.
KIND_OF = {"stores": ("database",), "caches": ("cache",), "queues": ("queue",)}


def looks_of(row: Mode) -> Iterator[AnyLook]:
    yield from row.confirm
    yield from row.refute
    yield from (double.look for double in row.lookalikes)


EVERY = tuple((row.id, number, look) for row in ROWS for number, look in enumerate(looks_of(row)))
NAMES = [f"{mode}-{number}-{look.look}" for mode, number, look in EVERY]


def test_every_kind_of_look_can_be_judged() -> None:
    declared = set(get_args(get_args(AnyLook)[0]))

    assert set(looks.kinds()) == declared


def test_at_least_twelve_rows_are_told_from_their_doubles() -> None:
    assert sum(bool(row.lookalikes) for row in ROWS) >= 12


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
def test_row_can_be_confirmed_and_refuted(row: Mode) -> None:
    assert any(look.weight == "strong" for look in row.confirm)
    assert any(look.weight == "strong" for look in row.refute) or any(
        look.absent == "strong" for look in row.confirm
    )
    assert row.refute
    assert row.next_steps
    assert 0 < row.base < 1
    assert Outcome(row.outcome)
    assert row.incident is (row.outcome == "caused")


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
def test_row_can_be_worded_whatever_is_known(row: Mode) -> None:
    for trigger in (None, making.change(), making.change(before="", after="", differences=("image",))):
        for text in (row.statement, *row.next_steps):
            worded = filled(text, "checkout", trigger)
            assert not re.search(r"[{}]|\s\s|None", worded)
    assert row.statement[0] in "{" or row.statement[0].islower()
    assert all(step.endswith(".") for step in row.next_steps)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
def test_double_is_another_row_that_is_of_the_same_kind_of_place(row: Mode) -> None:
    for double in row.lookalikes:
        other = modes()[double.mode]

        assert other.id != row.id
        assert set(other.kinds) & set(row.kinds) or row.kinds == ("external",)


@pytest.mark.parametrize(("mode", "number", "look"), EVERY, ids=NAMES)
def test_look_says_beforehand_what_it_expects(mode: str, number: int, look: AnyLook) -> None:
    assert asked(look).strip()


@pytest.mark.parametrize(("mode", "number", "look"), EVERY, ids=NAMES)
def test_regular_expression_compiles_for_any_place(mode: str, number: int, look: AnyLook) -> None:
    match: str = getattr(look, "match", "")

    for place in ("checkout", "api.pay.example", "a+b(c", "[x]"):
        re.compile(match.replace("{where}", re.escape(place)))


@pytest.mark.parametrize(("mode", "number", "look"), EVERY, ids=NAMES)
def test_platform_event_is_one_that_is_told(mode: str, number: int, look: AnyLook) -> None:
    if look.look == "happened":
        assert look.kind in get_args(Happening.model_fields["kind"].annotation)


@pytest.mark.parametrize(("mode", "number", "look"), EVERY, ids=NAMES)
def test_look_is_at_signals_that_somebody_asks_for(mode: str, number: int, look: AnyLook) -> None:
    wanted: Any = getattr(look, "signals", None) or [s for s in (getattr(look, "signal", None),) if s]
    of: str = getattr(look, "of", "self")
    kinds = modes()[mode].kinds if of == "self" else KIND_OF.get(of, tuple(SIGNALS))
    measured = DERIVED.union(*(SIGNALS.get(kind, ()) for kind in kinds))

    assert set(wanted) <= measured


def test_remedy_is_a_change_that_exists() -> None:
    assert {row.remedy for row in ROWS} - {""} == set(REMEDIES)
    assert {"ecs-update-service", "lambda-reserve", *(form.change for form in SCALED.values())} <= set(
        change_rows()
    )
