"""The only process that can change anything makes one change once, whatever dies or gets lost on the way."""

import json
import threading
from collections.abc import Callable
from typing import Any

import pytest

from tests.faults.changing import Changing
from tests.faults.plant import Plant
from tests.faults.redis_server import redis_server
from tests.faults.waiting import Running, eventually, kill
from tests.faults.wire import Wire
from tests.workers.executor.conftest import LOOK, UPDATE, S, roll_out_when_asked, rolled_out, run
from workers import wiring
from workers.clock import Clock
from workers.ledger.audit import first_bad
from workers.queue import Queue
from workers.safety.policy import policy

# What it makes


def test_approved_change_is_made_once_exactly_as_shown(change: Callable[..., Changing]) -> None:
    changing = change()
    changing.vote()
    rollout = roll_out_when_asked(changing)

    run(changing)
    rollout.join()

    (write,) = changing.writes()
    assert (write["user"], write["operation"], write["result"]) == ("runbook-executor", UPDATE, "ok")
    assert write["parameters"] == changing.approval.call.arguments
    assert changing.state is S.SUCCEEDED
    assert changing.steps() == [
        "ApprovalVoted",
        "ApprovalDecided",
        "ChangeIntended",
        "ChangeMade",
        "Verified",
    ]
    assert "The change was made, once, exactly as shown." in changing.card()


def test_intent_is_on_record_before_the_call_leaves(change: Callable[..., Changing], line: Wire) -> None:
    changing = change()
    changing.vote()
    held = line.gate(UPDATE, before=True)
    executor = threading.Thread(target=run, args=(changing,))
    executor.start()
    held.asked.wait(20)

    intents = [r for r in changing.ledger.audited("ChangeIntended") if r["approval"] == changing.approval.id]
    assert len(intents) == 1
    assert changing.writes() == []
    rollout = roll_out_when_asked(changing)
    held.let.set()
    executor.join(30)
    rollout.join()

    records = [json.loads(link.body)["event"] for link in changing.ledger.audit_records()]
    assert records.index("ChangeIntended") < records.index("ChangeMade")
    intended = next(link.at for link in changing.ledger.audit_records() if "ChangeIntended" in link.body)
    assert intended < changing.writes()[0]["time"]
    assert first_bad(iter(changing.ledger.audit_records())) is None


def test_eight_executors_at_once_make_one_change(change: Callable[..., Changing]) -> None:
    changing = change()
    changing.vote()
    rollout = roll_out_when_asked(changing)

    executors = [threading.Thread(target=run, args=(changing,)) for _ in range(8)]
    for one in executors:
        one.start()
    for one in executors:
        one.join(40)
    rollout.join()

    assert len(changing.writes()) == 1
    assert changing.steps().count("ChangeIntended") == 1


def test_change_that_was_made_is_not_made_again(change: Callable[..., Changing]) -> None:
    changing = change()
    changing.vote()
    rollout = roll_out_when_asked(changing)
    run(changing)
    rollout.join()

    for _ in range(3):
        run(changing)
        changing.plant.sql("UPDATE approvals SET wanted = 1, runner = ''")

    assert len(changing.writes()) == 1


@pytest.mark.parametrize(
    "state", [s for s in S if s not in (S.APPROVED, S.REDEEMED, S.INDETERMINATE, S.SUCCEEDED)]
)
def test_approval_in_any_other_state_makes_nothing(change: Callable[..., Changing], state: S) -> None:
    changing = change()
    changing.vote(decided=False)
    changing.plant.sql(
        "UPDATE approvals SET state = :s, wanted = 1 WHERE id = :i",
        s=state.value,
        i=changing.approval.id,
    )

    run(changing)

    assert changing.writes() == []


def test_two_of_two_approvers_are_enough(change: Callable[..., Changing]) -> None:
    changing = change(quorum=2)
    changing.vote(changing.ben, changing.carol)
    rollout = roll_out_when_asked(changing)

    both = policy(changing.plant.settings("executor")).model_copy(
        update={"approvers": (changing.ben.id, changing.carol.id)}
    )
    run(changing, policy=both)
    rollout.join()

    assert len(changing.writes()) == 1


# When the executor is late, or its answer is lost


def test_executor_that_slept_while_another_made_the_change_makes_none(
    change: Callable[..., Changing], site: Plant, line: Wire
) -> None:
    changing = change()
    changing.vote()
    reading = line.gate(LOOK, before=True)
    sleeper = threading.Thread(target=run, args=(changing,))
    sleeper.start()
    reading.asked.wait(20)
    site.pass_time()
    rollout = roll_out_when_asked(changing)

    run(changing)
    reading.let.set()
    sleeper.join(30)
    rollout.join()

    assert len(changing.writes()) == 1
    assert changing.steps().count("ChangeIntended") == 1


def test_executor_that_slept_after_its_intent_sends_nothing_once_another_took_over(
    change: Callable[..., Changing], site: Plant
) -> None:
    changing = change()
    changing.vote()
    with redis_server() as own:
        # Between the intent and the call the executor tells the queue; a deaf Redis holds it there.
        slow = Queue(own.url)
        own.freeze()
        sleeper = threading.Thread(target=run, args=(changing,), kwargs={"queue": slow})
        sleeper.start()
        eventually(lambda: "ChangeIntended" in changing.steps())
        site.pass_time()

        run(changing)
        own.thaw()
        sleeper.join(60)

    assert changing.writes() == []
    assert changing.state is S.FAILED
    assert "reading shows the state before" in changing.card()


@pytest.mark.parametrize("lost", [{"drop": True}, {"status": 503}], ids=["connection cut", "server error"])
def test_lost_answer_is_found_out_by_reading(
    change: Callable[..., Changing], line: Wire, lost: dict[str, Any]
) -> None:
    changing = change()
    changing.vote()
    gate = line.gate(UPDATE, **lost)
    rollout = roll_out_when_asked(changing)

    run(changing)
    rollout.join()

    assert gate.answered.is_set()
    assert len(changing.writes()) == 1
    assert changing.state is S.SUCCEEDED
    assert changing.steps()[2:] == ["ChangeIntended", "ChangeUnknown", "ChangeMade", "Verified"]


def test_call_that_never_arrived_ends_as_not_made(change: Callable[..., Changing], line: Wire) -> None:
    changing = change()
    changing.vote()
    line.gate(UPDATE, vanish=True)

    run(changing)

    assert changing.writes() == []
    assert changing.state is S.FAILED
    assert "Nothing was changed" in changing.card()


# When the executor is killed: each time the next one finds out, and nothing is made twice


def settled(changing: Changing, clock: Clock) -> bool:
    """Let the clock look, and time pass, until the approval has come to an end."""
    clock.unmade()
    if not changing.state.terminal or changing.steps()[-1] not in ("Verified", "Failed"):
        return False
    return changing.ledger.unmade(wiring.now().timestamp()) == ()


def killed(changing: Changing, executor: Callable[[], Running], at: threading.Event) -> None:
    """An executor that is killed when `at` is reached."""
    process = executor()
    changing.plant.queue.put("execute", changing.approval.id)
    assert at.wait(20)
    kill(process.pid)
    process.wait(10)


def resumed(changing: Changing, executor: Callable[[], Running]) -> None:
    """Another executor, some time later."""
    changing.plant.pass_time()
    executor()
    clock = Clock(changing.ledger, changing.plant.queue)
    eventually(lambda: settled(changing, clock), 30)


def test_killed_before_the_intent_the_change_is_made_by_the_next(
    change: Callable[..., Changing], executor: Callable[[], Running], line: Wire
) -> None:
    changing = change()
    changing.vote()
    reading = line.gate(LOOK, before=True)
    killed(changing, executor, reading.asked)
    assert "ChangeIntended" not in changing.steps()
    line.open()
    rollout = roll_out_when_asked(changing)

    resumed(changing, executor)
    rollout.join()

    assert len(changing.writes()) == 1
    assert changing.state is S.SUCCEEDED


def test_killed_before_the_call_arrives_nothing_is_changed_and_the_card_says_so(
    change: Callable[..., Changing], executor: Callable[[], Running], line: Wire
) -> None:
    changing = change()
    changing.vote()
    call = line.gate(UPDATE, before=True, vanish=True)
    killed(changing, executor, call.asked)
    assert changing.state is S.REDEEMED
    line.open()

    resumed(changing, executor)

    assert changing.writes() == []
    assert changing.state is S.FAILED
    assert "Nothing was changed" in changing.card()
    assert_spent(changing)


def test_killed_with_the_call_in_flight_its_effect_is_found_out(
    change: Callable[..., Changing], executor: Callable[[], Running], line: Wire
) -> None:
    changing = change()
    changing.vote()
    call = line.gate(UPDATE, before=True)
    killed(changing, executor, call.asked)
    assert changing.writes() == []
    line.open()  # the call arrives after its sender has died
    eventually(lambda: changing.writes())
    rolled_out(changing.cloud)

    resumed(changing, executor)

    assert len(changing.writes()) == 1
    assert changing.state is S.SUCCEEDED
    assert "The change was made, once" in changing.card()
    assert_spent(changing)


def test_killed_after_the_call_its_effect_is_found_out(
    change: Callable[..., Changing], executor: Callable[[], Running], line: Wire
) -> None:
    changing = change()
    changing.vote()
    call = line.gate(UPDATE, after=True)
    killed(changing, executor, call.answered)
    assert changing.state is S.REDEEMED
    line.open()
    rolled_out(changing.cloud)

    resumed(changing, executor)

    assert len(changing.writes()) == 1
    assert changing.state is S.SUCCEEDED
    assert_spent(changing)


def test_killed_while_it_verifies_the_next_one_verifies(
    change: Callable[..., Changing], executor: Callable[[], Running]
) -> None:
    changing = change()
    changing.vote()
    process = executor()
    changing.plant.queue.put("execute", changing.approval.id)
    eventually(lambda: "ChangeMade" in changing.steps())
    kill(process.pid)
    process.wait(10)
    rolled_out(changing.cloud)

    resumed(changing, executor)

    assert len(changing.writes()) == 1
    assert changing.steps()[-2:] == ["ChangeMade", "Verified"]


def assert_spent(changing: Changing) -> None:
    """Nobody gets another change out of it."""
    writes = len(changing.writes())
    changing.plant.sql("UPDATE approvals SET wanted = 1, runner = '' WHERE id = :i", i=changing.approval.id)

    run(changing)

    assert len(changing.writes()) == writes
