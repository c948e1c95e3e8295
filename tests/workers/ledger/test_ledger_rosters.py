"""Rosters: who is in a user group or on call is believed for ten minutes, and changes of it are audited."""

import json
from collections.abc import Callable
from datetime import timedelta

import pytest

from tests.workers.ledger.samples import now
from workers.ledger import Ledger

GROUP = "S0APPROVERS"
BEN, CARO = "U0BENOKAFOR", "U0CAROLDIAZ"


def kept(ledger: Ledger) -> list[tuple[str, list[str]]]:
    bodies = (json.loads(link.body) for link in ledger.audit_records())
    return [(body["source"], body["members"]) for body in bodies if body["event"] == "RosterChanged"]


def test_roster_names_its_members_for_ten_minutes(ledger: Ledger) -> None:
    at = now()

    ledger.enrol(GROUP, frozenset({BEN}), at)

    assert ledger.members(GROUP, at + timedelta(minutes=10)) == {BEN}
    assert ledger.members(GROUP, at + timedelta(minutes=10, seconds=1)) is None
    assert ledger.members("on-call", at) is None


def test_roster_from_the_future_is_not_believed(ledger: Ledger) -> None:
    at = now()

    ledger.enrol(GROUP, frozenset({BEN}), at + timedelta(hours=1))

    assert ledger.members(GROUP, at) is None


def test_empty_roster_is_known_to_be_empty(ledger: Ledger) -> None:
    at = now()

    ledger.enrol("on-call:checkout", frozenset(), at)

    assert ledger.members("on-call:checkout", at) == frozenset()


def test_only_changes_of_who_is_in_it_are_audited(ledger: Ledger) -> None:
    at = now()

    for people in ({BEN}, {BEN}, {BEN, CARO}, {BEN, CARO}, set[str]()):
        ledger.enrol(GROUP, frozenset(people), at)

    assert kept(ledger) == [(GROUP, [BEN]), (GROUP, [BEN, CARO]), (GROUP, [])]
    assert ledger.members(GROUP, at) == frozenset()


@pytest.mark.parametrize("source", [GROUP, 'on-call:a "100%" _service_'])
def test_who_acts_believes_a_roster_only_as_far_as_the_audit_says_the_same(
    ledger: Ledger, sql: Callable[..., None], source: str
) -> None:
    at = now()
    ledger.enrol(source, frozenset({BEN}), at)
    ledger.enrol(f"{source}x", frozenset({CARO}), at)
    assert ledger.sworn(source, at) == {BEN}

    sql("UPDATE rosters SET members = :m WHERE source = :s", m=json.dumps([BEN, CARO]), s=source)

    assert ledger.members(source, at) == {BEN, CARO}
    assert ledger.sworn(source, at) is None


def test_next_look_outside_puts_right_what_a_hand_changed_and_says_so(
    ledger: Ledger, sql: Callable[..., None]
) -> None:
    ledger.enrol(GROUP, frozenset({BEN}), now())
    sql("UPDATE rosters SET members = :m", m=json.dumps([CARO]))

    ledger.enrol(GROUP, frozenset({BEN}), now())

    assert ledger.sworn(GROUP, now()) == {BEN}
    assert kept(ledger) == [(GROUP, [BEN]), (GROUP, [BEN])]
