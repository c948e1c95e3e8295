"""What was kept long enough goes, what goes on stays, and the audit says what went."""

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from tests.workers.ledger.samples import asked, now, opened, post, said, step, voted
from workers.clock import due
from workers.domain.approval import ApprovalState
from workers.domain.errors import RunbookError
from workers.domain.incident import Thread
from workers.ledger import Ledger
from workers.ledger.audit import check
from workers.ledger.purge import Due, Gone
from workers.settings import Retention

KEPT = Retention()


def later(days: float) -> datetime:
    return now() + timedelta(days=days)


def over(ledger: Ledger) -> str:
    """An investigation that nobody has anything to do with any more."""
    one = opened(ledger)
    ledger.record(one, said())
    assert ledger.claim(one, "w1")
    assert ledger.release(one, "w1", 2)
    return one


def told(ledger: Ledger, key: str, investigation: str) -> None:
    """A message that Slack has."""
    ledger.say(investigation, (post(key=key),))
    for one in ledger.hold(investigation, "p1"):
        assert ledger.tried(one.id, "p1")
        ledger.delivered(one.id, one.revision, f"1.{one.id}")


def purged(ledger: Ledger, days: float, *, dry: bool = False) -> Gone:
    at = later(days)
    return ledger.purge(due(KEPT, at), "clock", at, dry=dry)


def only(investigation: str, at: datetime) -> Due:
    gone = at.timestamp()
    return Due(journals=gone, posts=gone, requests=gone, audit=0, copies=0, investigation=investigation)


def test_nothing_goes_before_its_time_and_nothing_is_put_on_record(ledger: Ledger) -> None:
    one = over(ledger)
    told(ledger, "live", one)
    records = len(ledger.audit_records())

    assert purged(ledger, 60) == Gone()

    assert len(ledger.journal(one)) == 2
    assert len(ledger.audit_records()) == records


def test_each_kind_goes_in_its_time(ledger: Ledger, tmp_path: Path) -> None:
    one = over(ledger)
    told(ledger, "live", one)
    copy = tmp_path / "mirror" / "scratchpad" / f"{one}.jsonl"
    assert copy.exists()

    first, second = purged(ledger, 100), purged(ledger, 400)

    assert (first.counts, first.copies) == ({"posts": 1, "requests": 1}, 1)
    assert not copy.exists()
    assert (second.counts, second.ids) == ({"journals": 1, "steps": 2}, (one,))
    assert ledger.journal(one) == ()
    assert [r["gone"] for r in ledger.audited("Purged")] == [first.counts, second.counts]
    assert purged(ledger, 400) == Gone()


def test_request_that_was_forgotten_is_new_again_and_the_thread_of_a_purged_one_too(ledger: Ledger) -> None:
    one = opened(ledger, "msg:1")
    assert ledger.claim(one, "w1")
    assert ledger.release(one, "w1", 1)

    purged(ledger, 400)

    assert not ledger.accepted(("msg:1",))
    assert ledger.in_thread("T0FERNHILL1", "C0INCIDENTS", "1700000000.000100") == ""
    assert opened(ledger, "msg:1") != one


def test_purged_investigation_says_so(ledger: Ledger) -> None:
    one = over(ledger)
    purged(ledger, 400)

    with pytest.raises(RunbookError, match=f"{one} is over and was purged") as told_so:
        ledger.load(one)

    assert "runbook audit show --investigation" in told_so.value.mend


def test_what_goes_on_stays_whatever_its_age(ledger: Ledger) -> None:
    waits, works, unsaid = asked(ledger).investigation, opened(ledger), over(ledger)
    decided = asked(ledger)
    ledger.record(decided.investigation, voted(decided), step(decided, ApprovalState.APPROVED))
    ledger.say(unsaid, (post(),))
    for one in (waits, decided.investigation):
        assert ledger.claim(one, "w1")
        assert ledger.release(one, "w1", len(ledger.journal(one)))

    gone = purged(ledger, 4000)

    assert (gone.journals, gone.posts, gone.kept) == (0, 0, 4)
    assert all(ledger.journal(one) for one in (waits, works, unsaid, decided.investigation))
    assert ledger.approval(decided.id) is not None


def test_change_that_counts_for_the_limits_stays(ledger: Ledger) -> None:
    wanted = asked(ledger)
    ledger.record(wanted.investigation, voted(wanted), step(wanted, ApprovalState.APPROVED))
    ledger.record(wanted.investigation, step(wanted, ApprovalState.REDEEMED))
    ledger.record(wanted.investigation, step(wanted, ApprovalState.SUCCEEDED))
    ledger.release_approval(wanted.id, "")
    assert ledger.claim(wanted.investigation, "w1")
    assert ledger.release(wanted.investigation, "w1", 6)

    for at in (now(), later(1)):
        gone = ledger.purge(only("", at), "alice on this host", at)
        assert gone.counts == {}
        with pytest.raises(RunbookError, match="younger than two days"):
            ledger.purge(only(wanted.investigation, at), "alice on this host", at)

    assert len(ledger.changes_since(now() - timedelta(hours=1))) == 1
    assert ledger.purge(only("", later(3)), "alice on this host", later(3)).journals == 1


def test_one_investigation_goes_whole_and_no_other(ledger: Ledger) -> None:
    one, other = over(ledger), over(ledger)
    for key in (one, other):
        told(ledger, "live", key)

    gone = ledger.purge(only(one, later(3)), "alice on this host", later(3))

    assert gone.counts == {"journals": 1, "steps": 2, "requests": 1}
    assert len(ledger.journal(other)) == 2
    (record,) = ledger.audited("Purged")
    assert (record["investigation"], record["actor"]) == (one, "alice on this host")


@pytest.mark.parametrize("which", ["unknown", "open", "purged"])
def test_investigation_that_cannot_go_is_refused_with_the_reason(ledger: Ledger, which: str) -> None:
    gone = over(ledger)
    purged(ledger, 400)
    one = {"unknown": "nobody", "open": opened(ledger), "purged": gone}[which]
    why = {"unknown": "no investigation", "open": "goes on", "purged": "purged already"}[which]

    with pytest.raises(RunbookError, match=why):
        ledger.purge(only(one, later(400)), "alice on this host", later(400))


def test_dry_run_counts_and_changes_nothing(ledger: Ledger, tmp_path: Path) -> None:
    one = over(ledger)
    told(ledger, "live", one)
    before = ledger.audit_records()

    would = purged(ledger, 2000, dry=True)

    assert would.counts == {"journals": 1, "steps": 2, "requests": 1, "audit": 1}
    assert would.copies == 1
    assert (ledger.audit_records(), len(ledger.journal(one))) == (before, 2)
    assert (tmp_path / "mirror" / "scratchpad" / f"{one}.jsonl").exists()
    assert purged(ledger, 2000).counts == would.counts


def test_more_than_go_at_a_time_go_all(ledger: Ledger) -> None:
    many = [over(ledger) for _ in range(5)]

    gone = ledger.purge(due(KEPT, later(400)), "clock", later(400), most=2)

    assert (gone.journals, sorted(gone.ids)) == (5, sorted(many))
    assert len(ledger.audited("Purged")) == 3


def test_head_of_the_audit_that_was_posted_leaves_nothing_behind(
    ledger: Ledger, sql: Callable[..., None]
) -> None:
    ledger.announce("audit:2026-03-01", Thread(team="", channel="C0AUDIT"), post(), now())
    sql("UPDATE outbox SET sent = revision")

    assert purged(ledger, 100).counts == {"posts": 1, "requests": 1}
    assert purged(ledger, 100) == Gone()


# The audit


def test_audit_is_emptied_up_to_its_time_and_its_chain_holds(ledger: Ledger) -> None:
    one = over(ledger)
    heads = [link.hash for link in ledger.audit_records()]

    gone = purged(ledger, 2000)

    links = ledger.audit_records()
    found = check(links, heads)
    assert gone.audit == len(heads) == 1
    assert [link.body for link in links[: len(heads)]] == [""]
    assert (found.bad, found.missing) == (None, ())
    assert found.purged is not None
    assert (found.purged.to, found.purged.by) == (1, "clock")
    assert one not in str(links)


def test_audit_of_what_waits_for_a_decision_stays(ledger: Ledger) -> None:
    wanted = asked(ledger)
    ledger.record(wanted.investigation, voted(wanted))

    gone = purged(ledger, 4000)

    assert gone.audit == 0
    assert ledger.witness(wanted.id).approved_by == {"U0BENOKAFOR": ""}


def test_purge_lifts_no_stop_and_forgets_no_identity(ledger: Ledger) -> None:
    ledger.identify("worker", "arn:1")
    ledger.identify("worker", "arn:2")
    ledger.enrol("group:S1", frozenset({"U1"}), now())
    ledger.stop_changes("U0BEN", "the sale")
    stopped = ledger.stopped()

    for days in (2000, 4000):
        assert purged(ledger, days).audit > 0
        assert ledger.sworn("group:S1", now()) == {"U1"}

        assert ledger.stopped() == stopped
        assert (ledger.identity("worker"), ledger.identity("executor")) == ("arn:2", "")
    assert check(ledger.audit_records()).bad is None
    ledger.allow_changes("U0BEN")
    purged(ledger, 8000)
    assert ledger.stopped() is None


def test_audit_that_was_emptied_past_the_ledger_is_found(ledger: Ledger, sql: Callable[..., None]) -> None:
    for _ in range(4):
        over(ledger)
    purged(ledger, 2000)
    over(ledger)
    last = len(ledger.audit_records())

    sql("UPDATE audit SET body = '' WHERE seq <= :n", n=last - 1)

    assert check(ledger.audit_records()).bad is not None
    assert ledger.witness("any").bad is not None
