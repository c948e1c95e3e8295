"""Events stand in ledgers for ever: their names, their shape, and that they can be read back."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from tests.workers import making
from workers.domain.call import SeriesData
from workers.domain.event import EVENT, Event, QueryAnswered
from workers.domain.investigation import fold

GOLDEN = Path(__file__).parents[2] / "golden"

# Adding a name is fine. Taking one away, or spelling it anew, makes old ledgers unreadable.
FOR_EVER = (
    "IncidentReported",
    "Joined",
    "BudgetSet",
    "FactsGathered",
    "HypothesisFormed",
    "HypothesisBranched",
    "HypothesisPruned",
    "HypothesisConfirmed",
    "QueryAsked",
    "QueryAnswered",
    "QueryFailed",
    "EvidenceWeighed",
    "ReasonerSwitched",
    "ModelAsked",
    "ModelAnswered",
    "Recalled",
    "Steered",
    "NameAsked",
    "NameSettled",
    "LimitReached",
    "Answered",
    "Concluded",
    "RemedyProposed",
    "RemedyWithheld",
    "ApprovalRequested",
    "ApprovalVoted",
    "ApprovalDecided",
    "ApprovalExpired",
    "ChangeIntended",
    "ChangeMade",
    "ChangeUnknown",
    "Verified",
    "RollbackAsked",
    "Stopped",
    "Failed",
)


def test_names_of_events_are_for_ever() -> None:
    assert making.names_of_events() == FOR_EVER


def test_the_story_that_tests_tell_holds_every_event() -> None:
    assert {event.type for event in making.one_of_each()} == set(FOR_EVER)


@pytest.mark.parametrize("event", making.one_of_each(), ids=lambda event: event.type)
def test_event_survives_json(event: Event) -> None:
    stored = event.model_dump_json()

    assert EVENT.validate_json(stored) == event
    assert json.loads(stored)["type"] == event.type


def test_journal_as_it_was_first_written_is_still_read() -> None:
    """The file is never renewed: a field that came later has a default, a new event gets a row of its own."""
    rows = json.loads((GOLDEN / "journal.json").read_text(encoding="utf-8"))

    assert tuple(EVENT.validate_python(row) for row in rows) == making.one_of_each()


@given(st.lists(st.none() | st.floats(), min_size=1, max_size=20))
def test_points_survive_json_whatever_they_are(values: list[float | None]) -> None:
    told = making.series(values)
    event = QueryAnswered(at=making.NOON, query="q1", result=making.answered(SeriesData(series=(told,))))

    back = EVENT.validate_json(event.model_dump_json())

    assert isinstance(back, QueryAnswered)
    assert isinstance(back.result.data, SeriesData)
    assert repr(back.result.data.series[0].values) == repr(told.values)


def test_event_of_an_unknown_name_is_refused() -> None:
    with pytest.raises(ValidationError, match="does not match any of the expected tags"):
        EVENT.validate_python({"type": "SomethingElse", "at": making.NOON})


def test_event_with_a_field_nobody_knows_is_refused() -> None:
    row = making.one_of_each()[1].model_dump(mode="json")

    with pytest.raises(ValidationError, match="Extra inputs are not permitted"):
        EVENT.validate_python(row | {"colour": "red"})


def test_event_without_a_zone_is_refused() -> None:
    with pytest.raises(ValidationError, match="timezone"):
        QueryAnswered(at=making.NOON.replace(tzinfo=None), query="q1", result=making.answered())


def test_journal_begins_with_what_was_reported() -> None:
    with pytest.raises(ValueError, match="begins with IncidentReported, not Joined"):
        fold(making.one_of_each()[1:])
