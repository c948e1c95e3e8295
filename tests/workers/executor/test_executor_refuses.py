"""What the only process that can change anything refuses, and says why."""

import json
import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from sqlalchemy import event
from sqlalchemy.exc import IntegrityError

from tests.faults.changing import Changing
from tests.faults.plant import Plant
from tests.faults.waiting import Running
from tests.faults.wire import Wire
from tests.workers.executor.conftest import LOOK, UPDATE, S, World, roll_out_when_asked, run
from tests.workers.sandbox.local_cloud import LocalCloud
from workers import wiring
from workers.domain.call import ToolCall
from workers.domain.errors import AccessDenied, SettingsError, Unreachable
from workers.domain.risk import Risk
from workers.ledger import Ledger, connect
from workers.safety import approvals
from workers.safety.policy import Freeze, Policy, policy

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
    changing.vote(changing.alice, typed="checkout")
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
    assert approvals.risk_of(changing.approval.call, {}, both) is Risk.CRITICAL
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


# Who may


def test_worker_cannot_change_anything_with_its_credentials(
    site: Plant, world: World, cloud: LocalCloud
) -> None:
    world.renew()
    before = len(cloud.ask("writes"))
    reader = wiring.reading(site.settings("worker"))
    assert reader is not None

    with pytest.raises(AccessDenied, match="ecs:UpdateService"):
        reader.first.aws.change(
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
