"""Break-glass as the audit chain has it: two people begin it, and it ends by itself, whatever is written."""

from datetime import timedelta
from typing import Any

import pytest

from tests.workers.ledger.samples import ALICE, BEN, now, opened, post
from workers.domain.post import GLASS
from workers.ledger import Ledger
from workers.ledger.glass import ASKED, ENDED, OPENED, USED


def note(ledger: Ledger, event: str, **more: Any) -> None:
    ledger.note({"event": event, "actor": ALICE.id, **more})


def opens(ledger: Ledger, minutes: float = 60) -> None:
    note(ledger, ASKED, why="payments are down")
    until = (now() + timedelta(minutes=minutes)).isoformat()
    ledger.note({"event": OPENED, "actor": BEN.id, "asked_by": ALICE.id, "why": "down", "until": until})


def test_asking_waits_ten_minutes_for_somebody_else(ledger: Ledger) -> None:
    assert ledger.glass(now()) is None

    note(ledger, ASKED, why="payments are down")

    glass = ledger.glass(now())
    assert glass is not None
    assert (glass.asked_by, glass.until) == (ALICE.id, None)
    assert ledger.glass(now() + timedelta(minutes=11)) is None


@pytest.mark.parametrize(
    ("minutes", "holds", "over"), [(60, 59, 61), (8 * 60, 479, 481), (9 * 60, 479, 481), (10_000, 479, 481)]
)
def test_it_ends_by_itself_after_eight_hours_at_the_latest(
    ledger: Ledger, minutes: float, holds: float, over: float
) -> None:
    opens(ledger, minutes)

    glass = ledger.glass(now() + timedelta(minutes=holds))
    assert glass is not None
    assert (glass.asked_by, glass.confirmed_by) == (ALICE.id, BEN.id)
    assert ledger.glass(now() + timedelta(minutes=over)) is None
    assert ledger.glass(now() - timedelta(minutes=1)) is None


def test_it_ends_when_somebody_says_so_and_its_use_does_not_end_it(ledger: Ledger) -> None:
    opens(ledger)
    note(ledger, USED, over="a freeze", approval="a")
    assert ledger.glass(now()) is not None

    note(ledger, ENDED)

    assert ledger.glass(now()) is None


def test_card_shows_it_while_it_holds(ledger: Ledger) -> None:
    investigation = opened(ledger)
    shown: list[str] = []

    for begin in (lambda: None, lambda: opens(ledger), lambda: note(ledger, ENDED)):
        begin()
        ledger.say(investigation, (post(f"one use{GLASS}"),))
        (held,) = ledger.hold(investigation, "reader")
        shown.append(held.post.text)
        ledger.delivered(held.id, held.revision, "1.1")

    before, during, after = shown
    assert (before, after) == ("one use", "one use")
    assert during.startswith(f"one use · *break-glass* by <@{ALICE.id}> and <@{BEN.id}> until <!date^")
