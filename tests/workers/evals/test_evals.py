"""Recorded incidents: read, answered as real ones are, and scored apart from that."""

import os
from pathlib import Path

import pytest

from workers.agent.rules import RuleReasoner
from workers.domain.conclusion import Hop
from workers.domain.errors import RunbookError
from workers.evals.answering import Said, answer
from workers.evals.recorded import Recorded
from workers.evals.scoring import Score, grounded, parts, score, table
from workers.evals.sets import Truth, cases, truths

DATA = Path(os.environ.get("RUNBOOK_RCA_DATA", "../shared/data/rca"))


@pytest.fixture
def case(data: Path) -> Recorded:
    return next(cases(data, "petshop"))


def said(*ranked: str, path: tuple[str, ...] = ()) -> Said:
    hops = tuple(Hop(service=name, finding="") for name in path)
    return Said(
        id="one",
        ranked=ranked,
        confidence=0.9,
        outcome="caused",
        conclusion="",
        path=hops,
        seconds=1.0,
        queries=3,
    )


def test_the_callee_that_users_wait_for_is_named_with_the_way_there(case: Recorded) -> None:
    found = answer(case, RuleReasoner())

    assert found.ranked == ("search", "front")
    assert found.outcome == "inconclusive"
    assert 0.5 < found.where <= 0.95
    assert [hop.service for hop in found.path] == ["front", "search"]
    assert "350 ms (usually 50 ms)" in found.path[-1].finding
    assert grounded(found.path, "search", case)


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ((), "no way at all"),
        (("search",), "it begins where nothing was alarmed"),
        (("front", "stock"), "it ends elsewhere"),
        (("front", "stock", "search"), "nobody calls like that"),
        (("front",), "it does not arrive"),
    ],
)
def test_a_right_name_without_a_way_that_can_be_found_again_is_not_grounded(
    case: Recorded, path: tuple[str, ...], why: str
) -> None:
    marks = score(said("search", path=path), Truth(id="one", service="search"), case)

    assert marks.place == 1
    assert not marks.grounded, why


def test_a_place_where_nothing_moved_is_no_step_of_a_way(case: Recorded) -> None:
    assert not grounded(said("stock", path=("front", "stock")).path, "stock", case)


def test_nonsense_and_silence_score_nothing(case: Recorded) -> None:
    label = Truth(id="one", service="search", kind="latency")
    marks = [
        score(one, label, case) for one in (said("the database", path=("front", "search")), said(), None)
    ]

    whole = table("petshop", tuple(marks))

    assert (whole.cases, whole.first, whole.among_three, whole.grounded) == (3, 0.0, 0.0, 0.0)
    assert [(name, len(some)) for name, some in parts(marks, "kind")] == [("latency", 3)]
    assert [(name, len(some)) for name, some in parts(marks, "service")] == [("search", 3)]


def test_shares_count_every_case() -> None:
    marks = [
        Score(id=str(place), kind="k", place=place, grounded=place == 1, confidence=0.5, seconds=place / 2)
        for place in (1, 3, 4, 0)
    ]

    whole = table("s", tuple(marks))

    assert (whole.first, whole.among_three, whole.grounded, whole.slowest) == (0.25, 0.5, 0.25, 2.0)


def test_a_set_that_nobody_can_read_is_named_with_those_there_are(tmp_path: Path) -> None:
    with pytest.raises(RunbookError, match="no reader for the set 'toys'"):
        list(cases(tmp_path, "toys"))
    with pytest.raises(RunbookError, match="holds no cases"):
        list(cases(tmp_path, "petshop"))


@pytest.mark.skipif(not (DATA / "petshop").is_dir(), reason="the public incidents are not here")
def test_the_floor_of_petshop_holds() -> None:
    labels = truths(DATA, "petshop")
    marks = [score(answer(one, RuleReasoner()), labels[one.id], one) for one in cases(DATA, "petshop")]

    assert sum(mark.place == 1 and mark.grounded for mark in marks) >= 15
