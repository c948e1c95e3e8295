"""A request is taken on once, by whichever of its names and however often it comes."""

from collections.abc import Callable

from tests.workers.ledger.racing import race
from tests.workers.ledger.samples import incident, now, opened, post
from workers.domain.question import Question
from workers.ledger import Ledger


def test_request_is_accepted_once_under_any_of_its_keys(ledger: Ledger) -> None:
    first = ledger.accept(incident(), ("ev:1", "msg:1"), now())

    again = [ledger.accept(incident(), keys, now()) for keys in (("ev:1",), ("msg:1",), ("ev:2", "msg:1"))]

    assert first.fresh
    assert [(one.id, one.fresh) for one in again] == [(first.id, False)] * 3
    assert len(ledger.journal(first.id)) == 1


def test_key_that_came_with_a_repeat_names_the_same_request(ledger: Ledger) -> None:
    first = ledger.accept(incident(), ("ev:1", "msg:1"), now())
    ledger.accept(incident(), ("msg:1", "ev:2"), now())

    third = ledger.accept(incident(), ("ev:2",), now())

    assert (third.id, third.fresh) == (first.id, False)


def test_other_keys_are_another_request(ledger: Ledger) -> None:
    first, second = opened(ledger, "msg:1"), opened(ledger, "msg:2")

    assert first != second


def test_eight_threads_with_one_request_accept_it_once(ledger: Ledger, another: Callable[[], Ledger]) -> None:
    ledgers = [another() for _ in range(8)]

    for number in range(10):
        keys = [f"a:{number}", f"b:{number}", f"c:{number}"]
        accepted = race(
            8, lambda n, keys=keys: ledgers[n].accept(incident(), (keys[n % 3], keys[(n + 1) % 3]), now())
        )

        assert sum(one.fresh for one in accepted) == 1
        assert len({one.id for one in accepted}) == 1


def test_accepting_writes_what_is_to_be_said_with_it(ledger: Ledger) -> None:
    taken = ledger.accept(incident(), ("ev:1",), now(), lambda _case, _event: (post("On it."),))

    held = ledger.hold(taken.id, "me")

    assert [one.post.text for one in held] == ["On it."]


def test_accepted_request_wants_a_worker_until_it_was_queued(ledger: Ledger) -> None:
    wanted = opened(ledger)
    long_ago = now().timestamp() - 5

    before = ledger.forsaken(long_ago)
    ledger.queued(wanted)

    assert before == (wanted,)
    assert ledger.forsaken(long_ago) == ()
    assert ledger.forsaken(now().timestamp() + 5) == (wanted,)


def test_conversation_finds_its_newest_investigation(ledger: Ledger) -> None:
    older, newer = (ledger.accept(incident("7.1"), (key,), now()).id for key in ("one", "two"))

    thread = incident("7.1").thread

    assert ledger.in_thread(thread.team, thread.channel, "7.1") == newer != older
    assert ledger.in_thread(thread.team, thread.channel, "7.2") == ""
    assert ledger.in_channel(thread.team, thread.channel) == newer
    assert ledger.in_channel(thread.team, thread.channel, now().timestamp() - 60) == newer
    assert ledger.in_channel(thread.team, thread.channel, now().timestamp() + 60) == ""


def test_question_in_the_thread_of_an_incident_does_not_stand_for_it(ledger: Ledger) -> None:
    asked = incident("7.1").model_copy(update={"question": Question(topic="changed")})
    where = asked.thread.team, asked.thread.channel, "7.1"
    first = ledger.accept(asked, ("zero",), now()).id
    before = ledger.in_thread(*where)
    about = ledger.accept(incident("7.1"), ("one",), now()).id

    last = ledger.accept(asked, ("two",), now()).id

    assert (before, ledger.in_thread(*where)) == (first, about)
    assert [one.investigation for one in ledger.told_in(*where)] == [first, about, last]


def test_thread_of_an_investigation_is_known_once_its_root_is_posted(ledger: Ledger) -> None:
    asked_without = ledger.accept(incident(""), ("rootless",), now()).id
    before = ledger.thread(asked_without)
    ledger.rooted(asked_without, "9.1")

    assert before == incident("").thread
    assert ledger.thread(asked_without) == incident("9.1").thread
    assert ledger.thread("nobody-knows") is None


def test_investigation_is_unfinished_while_a_worker_is_wanted(ledger: Ledger) -> None:
    older, newer = opened(ledger), opened(ledger)
    both = ledger.unfinished()

    ledger.claim(older, "worker")
    held = ledger.unfinished()
    ledger.release(older, "worker", 1)

    assert both == held == (newer, older)
    assert ledger.unfinished() == (newer,)
