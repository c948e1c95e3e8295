"""What is to be said: one row a message, the newest body wins, one deliverer at a time."""

import time
from collections.abc import Callable

import pytest

from tests.workers.ledger.racing import race
from tests.workers.ledger.samples import approval, incident, now, opened, post, voted
from workers.domain.event import ApprovalRequested
from workers.domain.incident import Thread
from workers.domain.post import HEAD, Post
from workers.ledger import Ledger
from workers.thread.posts import posts

Sql = Callable[..., None]


def say(ledger: Ledger, investigation: str, *posts: Post) -> None:
    ledger.say(investigation, posts)


def test_newest_body_wins(ledger: Ledger) -> None:
    investigation = opened(ledger)
    for text in ("one", "two", "three"):
        say(ledger, investigation, post(text))

    held = ledger.hold(investigation, "me")

    assert [one.post.text for one in held] == ["three"]


def test_unchanged_body_is_not_sent_again(ledger: Ledger) -> None:
    investigation = opened(ledger)
    say(ledger, investigation, post("same"))
    (first,) = ledger.hold(investigation, "me")
    ledger.delivered(first.id, first.revision, "1.1")

    say(ledger, investigation, post("same"))
    assert ledger.hold(investigation, "me") == ()
    assert ledger.unsaid() == ()

    say(ledger, investigation, post("other"))
    (second,) = ledger.hold(investigation, "me")
    assert (second.id, second.ts, second.post.text) == (first.id, "1.1", "other")


def test_body_that_changed_while_it_was_sent_is_sent_again(ledger: Ledger) -> None:
    investigation = opened(ledger)
    say(ledger, investigation, post("old"))
    (held,) = ledger.hold(investigation, "me")

    say(ledger, investigation, post("new"))
    ledger.delivered(held.id, held.revision, "1.1")

    (again,) = ledger.hold(investigation, "me")
    assert (again.post.text, again.ts) == ("new", "1.1")


def test_urgent_posts_go_first(ledger: Ledger) -> None:
    investigation = opened(ledger)
    say(ledger, investigation, post(key="live"), post(key="card", urgent=True))

    held = ledger.hold(investigation, "me")

    assert [one.post.key for one in held] == ["card", "live"]


@pytest.mark.parametrize("urgent", [True, False])
def test_post_that_has_to_wait_is_not_overtaken_by_what_was_said_after_it(
    ledger: Ledger, *, urgent: bool
) -> None:
    investigation = opened(ledger)
    say(ledger, investigation, post(key="cause", urgent=urgent), post(key="card", urgent=urgent))
    (cause,) = ledger.hold(investigation, "me")
    ledger.deferred(cause.id, time.time() + 60, "Slack is away")

    assert ledger.hold(investigation, "me") == ()
    ledger.delivered(cause.id, cause.revision, "1.1")
    assert [one.post.key for one in ledger.hold(investigation, "me")] == ["card"]


def test_held_posts_are_kept_from_others_until_the_hold_runs_out(ledger: Ledger, sql: Sql) -> None:
    investigation = opened(ledger)
    say(ledger, investigation, post())
    assert len(ledger.hold(investigation, "first")) == 1

    assert ledger.hold(investigation, "second") == ()
    assert ledger.unsaid() == ()

    sql("UPDATE outbox SET held_until = held_until - 30")
    assert ledger.unsaid() == (investigation,)
    assert len(ledger.hold(investigation, "second")) == 1


def test_holder_whose_hold_ran_out_may_not_send(ledger: Ledger, sql: Sql) -> None:
    investigation = opened(ledger)
    say(ledger, investigation, post())
    (held,) = ledger.hold(investigation, "first")
    sql("UPDATE outbox SET held_until = held_until - 30")
    ledger.hold(investigation, "second")

    assert not ledger.tried(held.id, "first")
    assert ledger.tried(held.id, "second")


def test_holder_who_is_sending_keeps_the_hold(ledger: Ledger, sql: Sql) -> None:
    investigation = opened(ledger)
    say(ledger, investigation, post())
    (held,) = ledger.hold(investigation, "first")
    sql("UPDATE outbox SET held_until = held_until - 29")

    assert ledger.tried(held.id, "first")

    sql("UPDATE outbox SET held_until = held_until - 5")
    assert ledger.hold(investigation, "second") == ()


def test_message_that_a_former_holder_did_send_is_not_sent_again(ledger: Ledger, sql: Sql) -> None:
    investigation = opened(ledger)
    say(ledger, investigation, post())
    (slow,) = ledger.hold(investigation, "first")
    sql("UPDATE outbox SET held_until = held_until - 30")
    (held,) = ledger.hold(investigation, "second")

    ledger.delivered(slow.id, slow.revision, "2.2")

    assert not ledger.tried(held.id, "second")
    say(ledger, investigation, post("newer"))
    assert [one.ts for one in ledger.hold(investigation, "second")] == ["2.2"]


def test_of_eight_deliverers_one_holds(ledger: Ledger, another: Callable[[], Ledger]) -> None:
    investigation, ledgers = opened(ledger), [another() for _ in range(8)]

    for number in range(10):
        said = f"text {number}"
        say(ledger, investigation, post(said), post(said, key="card", urgent=True))
        held = race(8, lambda n: ledgers[n].hold(investigation, f"holder-{n}"))

        assert sorted(len(rows) for rows in held) == [0] * 7 + [2]
        for row in (row for rows in held for row in rows):
            ledger.delivered(row.id, row.revision, "1.1")


def test_deferred_post_waits_until_it_is_due(ledger: Ledger, sql: Sql) -> None:
    investigation = opened(ledger)
    say(ledger, investigation, post())
    (held,) = ledger.hold(investigation, "me")

    ledger.deferred(held.id, time.time() + 60, "ratelimited")

    assert ledger.hold(investigation, "me") == ()
    assert ledger.unsaid() == ()
    sql("UPDATE outbox SET due_at = due_at - 61")
    assert ledger.unsaid() == (investigation,)
    assert len(ledger.hold(investigation, "me")) == 1


def test_dropped_post_is_not_offered_again_until_it_changes(ledger: Ledger) -> None:
    investigation = opened(ledger)
    say(ledger, investigation, post())
    (held,) = ledger.hold(investigation, "me")

    ledger.dropped(held.id, held.revision, "is_archived")

    assert ledger.hold(investigation, "me") == ()
    say(ledger, investigation, post("changed"))
    assert len(ledger.hold(investigation, "me")) == 1


def test_tries_are_counted_until_it_is_delivered(ledger: Ledger) -> None:
    investigation = opened(ledger)
    say(ledger, investigation, post())
    (held,) = ledger.hold(investigation, "me")
    ledger.tried(held.id, "me")
    ledger.deferred(held.id, 0.0)

    (again,) = ledger.hold(investigation, "me")
    ledger.delivered(again.id, again.revision, "1.1")
    say(ledger, investigation, post("more"))

    (edit,) = ledger.hold(investigation, "me")
    assert (held.tries, again.tries, edit.tries) == (0, 1, 0)


def test_first_message_becomes_the_root_of_a_conversation_without_one(ledger: Ledger) -> None:
    unrooted = ledger.accept(incident(thread=""), ("room:1",), now()).id
    say(ledger, unrooted, post())

    ledger.rooted(unrooted, "9.1")
    ledger.rooted(unrooted, "9.2")

    assert [one.thread for one in ledger.hold(unrooted, "me")] == ["9.1"]


# What stands in Slack of the audit


def test_card_shows_the_head_that_its_own_record_made(ledger: Ledger) -> None:
    wanted = approval(opened(ledger))

    for event in (ApprovalRequested(at=now(), approval=wanted), voted(wanted)):
        ledger.record(wanted.investigation, event, render=posts)

        head = ledger.audit_records()[-1].hash[: len(HEAD)]
        (card,) = [p for p in _waiting(ledger, wanted.investigation) if p.key.startswith("card")]
        assert f"audit `{head}`" in str(card.blocks)
        assert HEAD not in card.model_dump_json()
        ledger.note({"event": "VoteRefused", "why": "the chain goes on"})


def _waiting(ledger: Ledger, investigation: str) -> list[Post]:
    held = ledger.hold(investigation, "me")
    for one in held:
        ledger.deferred(one.id, 0.0)
    return [one.post for one in held]


def test_announcement_is_said_once_and_is_nobodys_work(ledger: Ledger, another: Callable[[], Ledger]) -> None:
    room = Thread(team="", channel="C0AUDIT", ts="")
    ledgers = [another() for _ in range(4)]

    first = race(4, lambda n: ledgers[n].announce("audit:1", room, post(f"from {n}"), now()))
    later = ledger.announce("audit:1", room, post("again"), now())
    other = ledger.announce("audit:2", room, post("tomorrow"), now())

    assert (sorted(first), later, other) == ([False, False, False, True], False, True)
    assert (ledger.unfinished(), ledger.forsaken(time.time() + 9), ledger.waiting(-9)) == ((), (), ())
    said = [ledger.hold(one, "me") for one in ledger.unsaid()]
    assert [(one.channel, one.thread) for (one,) in said] == [("C0AUDIT", "")] * 2
    assert ledger.in_channel("", "C0AUDIT") == ""
