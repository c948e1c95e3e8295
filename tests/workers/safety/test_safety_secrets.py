"""Secrets of all kinds, in all the ways in which texts carry them: how many are hidden, and what else is."""

import os
from pathlib import Path

import pytest

from tests.workers.making import NOON
from tests.workers.safety.foreign import foreign
from tests.workers.safety.ordinary import SHAPES, made, recorded
from tests.workers.safety.planted import CARRIERS, OURS, Kind, leaked, planted
from workers.hiding import redacted
from workers.tools.templates import Line, mined

SETS = {"ours": OURS, **foreign()}
RECALL, FALSE = 0.98, 0.005
DATA = Path(os.environ.get("RUNBOOK_RCA_DATA", "../shared/data/rca"))


@pytest.mark.parametrize("kinds", SETS.values(), ids=SETS)
def test_secrets_of_every_kind_are_hidden_wherever_they_stand(kinds: dict[str, Kind]) -> None:
    missed = [
        f"{name}, {carrier}"
        for name, kind in kinds.items()
        for carrier in CARRIERS
        for text, secret in [planted(name, kind, carrier)]
        if leaked(secret, redacted(text))
    ]

    assert len(missed) <= (1 - RECALL) * len(kinds) * len(CARRIERS), missed


@pytest.mark.parametrize("kinds", SETS.values(), ids=SETS)
def test_what_is_hidden_is_not_hidden_again(kinds: dict[str, Kind]) -> None:
    for name, kind in kinds.items():
        for carrier in [*CARRIERS][::5]:
            once = redacted(planted(name, kind, carrier)[0])

            assert redacted(once) == once


@pytest.mark.parametrize("kinds", SETS.values(), ids=SETS)
def test_masking_a_log_line_leaves_no_half_of_a_secret(kinds: dict[str, Kind]) -> None:
    for name, kind in kinds.items():
        text, secret = planted(name, kind, "in a line")
        (found,) = mined([Line(at=NOON, text=text, stream="a")]).values()

        assert not leaked(secret, found.template), found.template
        assert not leaked(secret, found.example), found.example


def test_a_secret_left_as_it_is_counts_as_leaked() -> None:
    for name, kind in OURS.items():
        for carrier in CARRIERS:
            text, secret = planted(name, kind, carrier)

            assert leaked(secret, text), (name, carrier, text)


def test_ordinary_lines_stay_as_they_are() -> None:
    lines = list(made(10 * len(SHAPES)))

    changed = [line for line in lines if redacted(line) != line]

    assert len(changed) <= FALSE * len(lines), changed


@pytest.mark.skipif(not (DATA / "petshop").is_dir(), reason="the public incidents are not here")
def test_recorded_lines_stay_as_they_are() -> None:
    lines = list(recorded(DATA))

    changed = [line for line in lines if redacted(line) != line]

    assert len(lines) > 10_000
    assert len(changed) <= FALSE * len(lines), changed[:50]
