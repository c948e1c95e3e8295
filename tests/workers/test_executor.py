"""The only process that can change anything: what it refuses, makes, and says when it cannot know.

Real ledger, Redis and boto3, the local cloud, and between them a wire that holds and loses what it is told.
"""

import json
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from sqlalchemy import event
from sqlalchemy.exc import IntegrityError

from tests.bot.sandbox.local_slack import LocalSlack, finish, launch
from tests.faults.changing import Changing
from tests.faults.hands import HURRIED
from tests.faults.plant import Plant, plant
from tests.faults.redis_server import RedisServer, redis_server
from tests.faults.waiting import Running, eventually, kill
from tests.faults.wire import Wire, wire
from tests.workers.sandbox.local_cloud import LocalCloud
from workers import wiring
from workers.clock import Clock
from workers.domain.approval import ApprovalState
from workers.domain.call import ToolCall
from workers.domain.conclusion import Watch
from workers.domain.errors import AccessDenied, SettingsError, Unreachable
from workers.domain.event import Verified
from workers.domain.risk import Risk
from workers.domain.telemetry import Signal
from workers.executor import execute
from workers.ledger import Ledger, connect
from workers.ledger.audit import first_bad
from workers.queue import Queue
from workers.safety import approvals
from workers.safety.policy import Freeze, Policy, policy

S = ApprovalState
UPDATE, LOOK = "UpdateService", "DescribeServices"


class World:
    """A case of the cloud, made anew only where somebody has changed it or moved its clock."""

    def __init__(self, cloud: LocalCloud) -> None:
        self.cloud, self._writes = cloud, -1

    def renew(self) -> None:
        if len(self.cloud.ask("writes")) != self._writes:
            self.cloud.play("bad_deployment", seed=3)
            self._writes = len(self.cloud.ask("writes"))


@pytest.fixture(scope="module")
def slack() -> Iterator[LocalSlack]:
    running = launch()
    yield running
    finish(running)


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCloud]:
    running = LocalCloud(tmp_path_factory.mktemp("cloud"))
    yield running
    running.stop()


@pytest.fixture(scope="module")
def redis() -> Iterator[RedisServer]:
    with redis_server() as server:
        yield server


@pytest.fixture(scope="module")
def line(cloud: LocalCloud) -> Iterator[Wire]:
    with wire(cloud.url) as one:
        yield one


@pytest.fixture(scope="module")
def site(
    tmp_path_factory: pytest.TempPathFactory,
    redis: RedisServer,
    slack: LocalSlack,
    cloud: LocalCloud,
    line: Wire,
) -> Iterator[Plant]:
    """A place whose processes reach the cloud through the wire."""
    with plant(tmp_path_factory.mktemp("site"), redis, slack, cloud) as one:
        one.environ["AWS_ENDPOINT_URL"] = line.url
        yield one


@pytest.fixture(scope="module")
def world(cloud: LocalCloud) -> World:
    return World(cloud)


@pytest.fixture
def change(site: Plant, world: World, line: Wire) -> Iterator[Callable[..., Changing]]:
    """Asks for changes in a world that nobody has changed."""
    site.renew()
    world.renew()
    yield lambda **how: Changing(site, world.cloud, **how)
    line.open()


def run(changing: Changing, **over: Any) -> None:
    """The job of an executor, in this process."""
    execute(changing.hands(**over), changing.approval.id)


def rolled_out(cloud: LocalCloud) -> None:
    cloud.pass_time(90)


def roll_out_when_asked(changing: Changing) -> threading.Thread:
    """Let the time of a rollout pass in the cloud as soon as the change has been made."""

    def wait() -> None:
        eventually(lambda: changing.writes())
        rolled_out(changing.cloud)

    thread = threading.Thread(target=wait)
    thread.start()
    return thread


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


# What it refuses


def refused(changing: Changing, why: str, **over: Any) -> None:
    run(changing, **over)

    assert changing.state is S.REVOKED
    assert changing.writes() == []
    assert why in changing.reason()
    assert "Nothing was changed." in changing.card()
    assert why in changing.card()


def test_one_of_two_approvers_is_not_enough(change: Callable[..., Changing]) -> None:
    changing = change(quorum=2)
    changing.vote()

    refused(changing, "not enough people who may approve have said yes")


def test_vote_of_the_requester_counts_for_nothing(change: Callable[..., Changing]) -> None:
    changing = change()
    changing.vote(changing.alice)
    both = policy(changing.plant.settings("executor")).model_copy(
        update={"approvers": (changing.alice.id, changing.ben.id)}
    )

    refused(changing, "not enough people", policy=both)


def test_approver_who_was_removed_since_counts_for_nothing(
    change: Callable[..., Changing], site: Plant
) -> None:
    changing = change()
    changing.vote()
    site.configure(approvals={"approvers": [changing.carol.id]})

    refused(changing, "not enough people", policy=policy(site.settings("executor")))
    site.configure()


def test_approval_that_has_expired_since_is_not_used(change: Callable[..., Changing]) -> None:
    changing = change(expires_at=wiring.now() - timedelta(seconds=1))
    changing.vote()

    refused(changing, "the approval has expired")


def body_of(changing: Changing) -> dict[str, Any]:
    found = changing.ledger.approval(changing.approval.id)
    assert found is not None
    return found.model_dump(mode="json")


def rewrite(changing: Changing, body: dict[str, Any]) -> None:
    body = {**body, "state": "pending", "votes": []}
    changing.plant.sql(
        "UPDATE approvals SET body = :body WHERE id = :id",
        body=json.dumps(body),
        id=changing.approval.id,
    )


@pytest.mark.parametrize("sealed", [False, True], ids=["plainly", "with its hash made anew"])
def test_call_that_was_changed_in_the_database_is_not_made(
    change: Callable[..., Changing], sealed: bool
) -> None:
    changing = change()
    changing.vote()
    body = body_of(changing)
    body["call"]["arguments"]["taskDefinition"] = "shop-checkout:68"
    if sealed:
        body["hash"] = type(changing.approval).model_validate(body).digest()
        changing.plant.sql(
            "UPDATE approvals SET hash = :h WHERE id = :i",
            h=body["hash"],
            i=changing.approval.id,
        )
    rewrite(changing, body)

    refused(changing, "what would be done is not what was approved")


ODD = {
    "no row": ToolCall(name="ecs-delete-service", arguments={"cluster": "shop", "service": "checkout"}),
    "more than the row allows": ToolCall(
        name="ecs-update-service",
        arguments={
            "cluster": "shop",
            "service": "checkout",
            "taskDefinition": "shop-checkout:70",
            "forceNewDeployment": True,
        },
    ),
}


@pytest.mark.parametrize("call", ODD.values(), ids=ODD)
def test_call_that_is_no_row_is_not_made(change: Callable[..., Changing], call: ToolCall) -> None:
    changing = change(instead=call)
    changing.vote()

    refused(changing, call.name)


def test_state_that_was_set_in_the_database_is_no_approval(change: Callable[..., Changing]) -> None:
    changing = change()
    changing.plant.sql(
        "UPDATE approvals SET state = 'approved', wanted = 1 WHERE id = :i",
        i=changing.approval.id,
    )

    refused(changing, "not enough people")


def test_vote_that_stands_in_no_record_is_no_vote(change: Callable[..., Changing]) -> None:
    changing = change()
    changing.plant.sql(
        "INSERT INTO votes (approval, person, team, decision, at) VALUES (:a, :p, :t, 'approve', 0)",
        a=changing.approval.id,
        p=changing.ben.id,
        t=changing.team,
    )
    changing.plant.sql(
        "UPDATE approvals SET state = 'approved', wanted = 1 WHERE id = :i",
        i=changing.approval.id,
    )

    refused(changing, "not enough people")


def test_approval_is_worth_nothing_when_the_audit_chain_was_touched(change: Callable[..., Changing]) -> None:
    changing = change()
    changing.vote()
    touched = len(changing.ledger.audit_records()) - 1
    changing.plant.sql("UPDATE audit SET at = at - 1 WHERE seq = :n", n=touched)

    refused(changing, f"the audit chain does not hold from record {touched} on")
    changing.plant.sql("UPDATE audit SET at = at + 1 WHERE seq = :n", n=touched)


def test_service_that_somebody_changed_meanwhile_is_left_alone(
    change: Callable[..., Changing], cloud: LocalCloud
) -> None:
    changing = change()
    changing.vote()
    operator = cloud.client("ecs", "operator")
    operator.update_service(cluster="shop", service="checkout", desiredCount=4)
    changing.writes_before += 1

    refused(changing, "the system has moved since it was asked: desiredCount was 3, is 4")


def test_service_that_cannot_be_read_is_left_alone(change: Callable[..., Changing], line: Wire) -> None:
    changing = change()
    changing.vote()
    for _ in range(3):
        line.gate(LOOK, answer=(400, b'{"__type":"AccessDeniedException","message":"not authorized"}'))

    refused(changing, "the state now could not be read")


def test_investigation_has_a_most_of_changes(change: Callable[..., Changing]) -> None:
    changing = change()
    changing.vote()
    none = policy(changing.plant.settings("executor")).model_copy(update={"most_changes": 0})

    refused(changing, "0 changes were made for this investigation already", policy=none)


def strict(changing: Changing, **rules: Any) -> Policy:
    return policy(changing.plant.settings("executor")).model_copy(update=rules)


def test_nothing_is_made_after_somebody_stopped_all_changes(change: Callable[..., Changing]) -> None:
    changing = change()
    changing.vote()
    changing.ledger.stop_changes("U0CAROLDIAZ", "the region is on fire")

    refused(changing, "(the region is on fire)")
    changing.ledger.allow_changes("U0BENOKAFOR")


def test_stop_that_was_taken_out_of_the_database_stops_still(change: Callable[..., Changing]) -> None:
    changing = change()
    changing.vote()
    changing.ledger.stop_changes("U0CAROLDIAZ", "")
    last = len(changing.ledger.audit_records())
    changing.plant.sql('UPDATE audit SET body = \'{"event":"Nothing"}\' WHERE seq = :n', n=last)

    refused(changing, f"the audit chain does not hold from record {last} on")


def test_nothing_is_made_where_the_worker_is_the_same_user(
    change: Callable[..., Changing], cloud: LocalCloud
) -> None:
    changing = change()
    changing.vote()
    arn: str = cloud.client("sts", "executor").get_caller_identity()["Arn"]
    changing.ledger.identify("worker", arn)

    refused(changing, f"worker and executor are both {arn} in AWS")


def test_nothing_is_made_where_nobody_knows_who_makes_it(change: Callable[..., Changing], line: Wire) -> None:
    changing = change()
    changing.vote()
    changing.ledger.identify("worker", "arn:aws:iam::1:user/reader")
    denied = b"<ErrorResponse><Error><Code>AccessDenied</Code></Error></ErrorResponse>"
    asked = line.gate("", answer=(403, denied))
    asked.fits = lambda _name, body: b"GetCallerIdentity" in body

    refused(changing, "who the executor is in AWS could not be read")


def test_executor_does_not_start_as_the_same_user_as_a_worker(site: Plant, cloud: LocalCloud) -> None:
    site.renew()
    arn: str = cloud.client("sts", "executor").get_caller_identity()["Arn"]
    site.ledger.identify("worker", arn)

    with pytest.raises(SettingsError, match=f"worker and executor are both {arn} in AWS"):
        wiring.identify(site.settings("executor"), "executor")


def test_worker_does_not_start_as_the_same_user_as_an_executor(site: Plant, cloud: LocalCloud) -> None:
    site.renew()
    wiring.identify(site.settings("worker"), "worker")
    wiring.identify(site.settings("executor"), "executor")
    reader, changer = (
        cloud.client("sts", who).get_caller_identity()["Arn"] for who in ("worker", "executor")
    )
    assert (site.ledger.identity("worker"), site.ledger.identity("executor")) == (reader, changer)

    site.ledger.identify("executor", reader)
    with pytest.raises(SettingsError, match="worker and executor are both"):
        wiring.identify(site.settings("worker"), "worker")


@pytest.mark.parametrize("votes", ["of one", "without the word"])
def test_critical_change_takes_two_people_and_the_word(change: Callable[..., Changing], votes: str) -> None:
    changing = change()
    both = strict(changing, critical=frozenset({"checkout"}), approvers=(changing.ben.id, changing.carol.id))
    assert approvals.risk_of(changing.approval.call, both) is Risk.CRITICAL
    changing.vote(*([changing.ben] if votes == "of one" else [changing.ben, changing.carol]))

    refused(changing, "not enough people who may approve have said yes", policy=both)


def test_risk_that_was_lowered_in_the_database_is_not_believed(change: Callable[..., Changing]) -> None:
    changing = change(risk=Risk.CRITICAL, word="checkout", quorum=2)
    changing.vote()
    rewrite(changing, {**body_of(changing), "risk": 1, "word": "", "quorum": 1})

    refused(changing, "what would be done is not what was approved")


@pytest.mark.parametrize(
    ("rules", "why"),
    [
        ({"per_hour": 0}, "0 changes were made within the last hour"),
        ({"per_day": 0}, "0 changes were made within the last day"),
        (
            {"freezes": (Freeze(why="quarter end", days=frozenset(range(7))),)},
            "changes are frozen: quarter end",
        ),
    ],
    ids=["hour", "day", "freeze"],
)
def test_time_in_which_no_change_may_be_made(
    change: Callable[..., Changing], rules: dict[str, Any], why: str
) -> None:
    changing = change()
    changing.vote()

    refused(changing, why, policy=strict(changing, **rules))


def test_pause_after_a_change_is_kept(change: Callable[..., Changing]) -> None:
    changing = change()
    first = strict(changing)
    changing.vote()
    rollout = roll_out_when_asked(changing)
    run(changing, policy=first)
    rollout.join()
    rule = first.rule(Risk.HIGH).model_copy(update={"cooldown": timedelta(hours=1)})
    again = change()
    again.vote()

    refused(again, "have to pass", policy=strict(again, raised={Risk.HIGH: rule}))


def test_change_that_the_cloud_denies_names_the_permission(
    change: Callable[..., Changing], line: Wire
) -> None:
    changing = change()
    changing.vote()
    message = "User: arn:aws:iam::1:user/x is not authorized to perform: ecs:UpdateService"
    denied = json.dumps({"__type": "AccessDeniedException", "message": message})
    line.gate(UPDATE, answer=(400, denied.encode()))

    run(changing)

    assert changing.state is S.FAILED
    assert changing.writes() == []
    assert "Grant ecs:UpdateService" in changing.card()


def test_nothing_is_changed_when_the_intent_cannot_be_written(
    change: Callable[..., Changing], site: Plant, line: Wire
) -> None:
    changing = change()
    changing.vote()
    full = threading.Event()
    engine = connect(site.environ["DATABASE_URL"])
    event.listen(
        engine, "begin", lambda c: c.exec_driver_sql(f"PRAGMA query_only = {int(full.is_set())}"), insert=True
    )
    reading = line.gate(LOOK, before=True)
    failed: list[BaseException] = []

    def executor() -> None:
        try:
            run(changing, ledger=Ledger(engine))
        except Unreachable as error:
            failed.append(error)

    thread = threading.Thread(target=executor)
    thread.start()
    reading.asked.wait(20)
    full.set()
    reading.let.set()
    thread.join(30)
    engine.dispose()

    assert failed
    assert changing.state is S.APPROVED
    assert changing.writes() == []


def test_nothing_is_changed_when_only_the_audit_cannot_be_written(
    change: Callable[..., Changing], site: Plant
) -> None:
    changing = change()
    changing.vote()
    site.sql("CREATE TRIGGER full BEFORE INSERT ON audit BEGIN SELECT RAISE(ABORT, 'it is full'); END")

    with pytest.raises(IntegrityError, match="it is full"):
        run(changing)

    site.sql("DROP TRIGGER full")
    assert changing.state is S.APPROVED
    assert changing.writes() == []


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


@pytest.fixture
def executor(site: Plant) -> Iterator[Callable[[], Running]]:
    """Starts executors in processes of their own."""
    yield lambda: site.start("executor", module="tests.faults.hands")
    site.stop()


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


# Did it help?


def verified(changing: Changing) -> Verified:
    return next(e for e in changing.ledger.journal(changing.investigation) if isinstance(e, Verified))


def test_change_that_somebody_takes_back_during_the_rollout_is_said(
    change: Callable[..., Changing], cloud: LocalCloud
) -> None:
    changing = change()
    changing.vote()
    before = changing.runs()

    def take_back() -> None:
        eventually(lambda: "ChangeMade" in changing.steps())
        cloud.client("ecs", "operator").update_service(
            cluster="shop", service="checkout", taskDefinition=before
        )

    thread = threading.Thread(target=take_back)
    thread.start()
    run(changing)
    thread.join(10)

    assert not verified(changing).recovered
    assert "somebody or something changed it again" in verified(changing).finding
    assert "Changed, not recovered" in changing.card()


def test_rollout_that_does_not_complete_is_said(change: Callable[..., Changing]) -> None:
    changing = change()
    changing.vote()

    run(changing, patience=HURRIED.model_copy(update={"rollout": 1.0}))

    assert not verified(changing).recovered
    assert "the rollout did not complete" in verified(changing).finding


def test_wrong_changes_leave_users_unwell_and_say_so(
    change: Callable[..., Changing], cloud: LocalCloud
) -> None:
    """The rollback of another service, and more tasks of the one that is broken."""
    more = ToolCall(
        name="ecs-scale-service", arguments={"cluster": "shop", "service": "payments", "desiredCount": 4}
    )
    wrong = [change(watch=errors()), change(service="payments", call=more, watch=errors())]
    for one in wrong:
        one.vote()

    executors = [threading.Thread(target=run, args=(one,)) for one in wrong]
    for one in executors:
        one.start()
    eventually(lambda: len(wrong[0].writes()) == 2)
    rolled_out(cloud)
    for one in executors:
        one.join(60)

    for one in wrong:
        assert not verified(one).recovered
        assert "Changed, not recovered" in one.card()
        assert "Not recovered:* storefront error rate is" in one.card()
        assert "the change did not help" in one.card()
    assert cloud.ask("pulse")["state"] == "ALARM"


def test_metric_that_has_not_come_yet_says_nothing_about_the_change(change: Callable[..., Changing]) -> None:
    changing = change(watch=errors())
    changing.vote()
    rollout = roll_out_when_asked(changing)

    run(changing, patience=HURRIED.model_copy(update={"recovery": 0.5}))
    rollout.join()

    assert not verified(changing).recovered
    assert "did not help" not in changing.card()
    assert "whether the change helped is not known" in changing.card()


def test_right_change_heals_the_same_metric(change: Callable[..., Changing], cloud: LocalCloud) -> None:
    """The control of the test before: the case can be healed, only not by those changes."""
    changing = change(service="payments", watch=errors())
    changing.vote()
    rollout = roll_out_when_asked(changing)

    run(changing, patience=HURRIED.model_copy(update={"recovery": 0.5}))
    rollout.join()
    cloud.pass_time(240)

    assert cloud.ask("pulse")["state"] == "OK"


def errors() -> Watch:
    return Watch(
        service="storefront",
        signal=Signal.ERROR_RATE,
        unit="ratio",
        stat="share",
        healthy="below",
        bound=0.016,
        baseline=0.0004,
        worst=0.05,
    )


# Who may


def test_worker_cannot_change_anything_with_its_credentials(
    site: Plant, world: World, cloud: LocalCloud
) -> None:
    world.renew()
    before = len(cloud.ask("writes"))
    reader = wiring.reading(site.settings("worker"))
    assert reader is not None

    with pytest.raises(AccessDenied, match="ecs:UpdateService"):
        reader.change(
            "ecs", "update_service", cluster="shop", service="checkout", taskDefinition="shop-checkout:70"
        )
    with pytest.raises(ClientError, match="AccessDenied"):
        cloud.client("ecs", "worker").delete_service(cluster="shop", service="checkout")

    assert {write["result"] for write in cloud.ask("writes")[before:]} == {"AccessDeniedException"}


def test_executor_holds_no_word_of_slack_or_a_model_and_the_worker_none_of_the_executor(
    site: Plant, executor: Callable[[], Running]
) -> None:
    site.environ["ANTHROPIC_API_KEY"] = "sk-model-key"
    secrets = {
        name: site.environ[name]
        for name in (
            "SLACK_BOT_TOKEN",
            "SLACK_APP_TOKEN",
            "ANTHROPIC_API_KEY",
            "RUNBOOK_WORKER_AWS_ACCESS_KEY_ID",
        )
    }
    site.forked = False  # what the system shows of a process is as it was started
    process = executor()
    site.forked = True

    held = Path(f"/proc/{process.pid}/environ").read_text()

    assert not [name for name, secret in secrets.items() if secret in held or name in held]
    assert site.environ["RUNBOOK_EXECUTOR_AWS_ACCESS_KEY_ID"] in held
    for name in ("worker", "quick", "bot", "clock"):
        others = site.environment(name)
        assert site.environ["RUNBOOK_EXECUTOR_AWS_SECRET_ACCESS_KEY"] not in others.values()
    del site.environ["ANTHROPIC_API_KEY"]
