"""What words of reports mean: as people said in a channel, else elsewhere, until it is forgotten."""

from datetime import timedelta
from itertools import count

from tests.workers.ledger import samples
from workers.domain.event import NameSettled
from workers.domain.incident import Person, Thread
from workers.ledger import Ledger

_numbers = count(1)


def said(ledger: Ledger, channel: str, name: str, minutes: int = 0, *, remembered: bool = False) -> None:
    thread = Thread(team=samples.TEAM, channel=channel, ts=str(next(_numbers)))
    incident = samples.incident().model_copy(update={"thread": thread})
    case = ledger.accept(incident, (f"names-{thread.ts}",), samples.now()).id
    person = Person(id="U0CAROLDIAZ", team=samples.TEAM)
    at = samples.now() + timedelta(minutes=minutes)
    ledger.record(case, NameSettled(at=at, word="orders", name=name, person=person, remembered=remembered))


def meant(ledger: Ledger, channel: str, team: str = samples.TEAM) -> str:
    found = ledger.meant(Thread(team=team, channel=channel), "orders")
    return found.name if found else ""


def test_channel_has_its_own_word_and_all_others_the_latest(ledger: Ledger) -> None:
    said(ledger, "C1", "orders-api", 0)
    said(ledger, "C2", "orders-worker", 5)
    said(ledger, "C1", "orders-web", 1)

    assert [meant(ledger, channel) for channel in ("C1", "C2", "C3")] == [
        "orders-web",
        "orders-worker",
        "orders-worker",
    ]
    assert meant(ledger, "C1", team="T0OTHER") == ""
    assert [one.name for one in ledger.names()] == ["orders-worker", "orders-web"]


def test_none_of_these_and_what_was_remembered_add_nothing(ledger: Ledger) -> None:
    said(ledger, "C1", "")
    said(ledger, "C1", "orders-api", remembered=True)

    assert ledger.names() == ()


def test_what_is_forgotten_is_gone_everywhere_and_on_record(ledger: Ledger) -> None:
    said(ledger, "C1", "orders-api")
    said(ledger, "C2", "orders-worker")

    assert ledger.forget("orders", "ops on this host") == 2
    assert ledger.forget("orders", "ops on this host") == 0

    assert meant(ledger, "C1") == ""
    assert [r["actor"] for r in ledger.audited("NameForgotten")] == ["ops on this host"]
