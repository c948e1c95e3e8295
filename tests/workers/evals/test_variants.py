"""Cases made harder, windows without a fault, and how sure answers were against how often right."""

from datetime import timedelta
from pathlib import Path

import pytest

from tests.workers.evals.test_evals import said
from workers.agent.rules import RuleReasoner
from workers.evals import petshop
from workers.evals.answering import answer
from workers.evals.scoring import Score, alarmed, calibration
from workers.evals.sets import cases
from workers.evals.variants import LATEST, SOONEST, VARIANTS


def test_the_alert_is_off_by_minutes_and_always_by_the_same(data: Path) -> None:
    (plain,) = cases(data, "petshop")
    (once,), (again,) = cases(data, "petshop", "off"), cases(data, "petshop", "off")

    apart = abs(once.alarms[0].since - plain.alarms[0].since)
    assert timedelta(seconds=SOONEST) <= apart <= timedelta(seconds=LATEST)
    assert once == again
    assert once.series == plain.series


def test_series_go_missing_but_not_those_that_were_alarmed(data: Path) -> None:
    (plain,) = cases(data, "petshop")
    (case,) = cases(data, "petshop", "sparse")

    lost = plain.series.keys() - case.series.keys()
    assert lost
    assert {place for place, _ in lost} <= {"search", "stock"}
    assert all(case.series[key] == plain.series[key] for key in case.series)


def test_quiet_windows_lie_in_the_good_days_and_send_nobody_anywhere(data: Path) -> None:
    windows = list(cases(data, "petshop", "quiet"))

    assert len({case.id for case in windows}) == len(windows) == 3
    assert all(len(one.values) == petshop.QUIET for case in windows for one in case.series.values())
    assert not any(alarmed(answer(case, RuleReasoner())) for case in windows)


def test_a_case_without_spans_or_lines_has_nothing_to_lose(data: Path) -> None:
    assert list(cases(data, "petshop", "untraced")) == []
    assert set(VARIANTS) == {"off", "sparse", "untraced", "quiet"}


@pytest.mark.parametrize(
    ("outcome", "ranked", "changes", "loud"),
    [
        ("caused", ("search",), (), True),
        ("inconclusive", ("search",), (), True),
        ("inconclusive", (), ("none", "a1"), False),
        ("inconclusive", (), ("a1", "none"), True),
        ("recovered_by_itself", ("search",), (), False),
        ("not_an_incident", ("search",), (), False),
    ],
)
def test_what_sends_somebody_somewhere_is_an_alarm(
    outcome: str, ranked: tuple[str, ...], changes: tuple[str, ...], loud: bool
) -> None:
    assert alarmed(said(*ranked).model_copy(update={"outcome": outcome, "changes": changes})) is loud


def test_sureness_is_held_against_how_often_it_was_right() -> None:
    rows = [(0.92, 1), (0.95, 1), (0.91, 2), (0.4, 0), (0.0, 0)]
    scores = [
        Score(id=str(n), kind="", place=place, grounded=False, confidence=0, seconds=0, where=where)
        for n, (where, place) in enumerate(rows)
    ]

    low, high = calibration(scores)

    assert (low.cases, low.right) == (1, 0.0)
    assert (high.low, high.cases, high.right) == (0.9, 3, 0.667)
