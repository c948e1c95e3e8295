"""Changes that do not fit any more, that nobody can take back, or that nobody knows to have been made."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.faults.redis_server import RedisServer
from tests.workers.executor.place import RULES, Place, S, place, readings, said
from tests.workers.executor.trials import TRIALS
from workers import wiring
from workers.domain.approval import Approval
from workers.domain.call import StateData, ToolCall
from workers.domain.errors import Refused
from workers.domain.risk import Risk
from workers.executor import execute
from workers.safety import approvals


@pytest.fixture(scope="module")
def one(tmp_path_factory: pytest.TempPathFactory, redis: RedisServer) -> Iterator[Place]:
    with place(tmp_path_factory.mktemp("place"), redis) as found:
        yield found


@pytest.fixture
def here(one: Place) -> Iterator[Place]:
    yield one
    one.aws.lost.clear()
    one.aws.then = lambda _operation: None


def call(here: Place, name: str, **over: Any) -> ToolCall:
    return ToolCall(name=name, arguments={**TRIALS[name].make(here.aws), **over})


def instances(here: Place, approval: Approval) -> list[str]:
    return [str(approval.call.arguments["instance"])]


# What moved


def test_what_has_moved_since_it_was_asked_revokes_it(here: Place) -> None:
    approval = here.ask(call(here, "ec2-reboot"))
    here.aws.client("ec2").stop_instances(InstanceIds=instances(here, approval))

    case = here.make(approval)

    assert case.approval(approval.id).state is S.REVOKED
    assert "state was running, is stopped" in case.reasons[approval.id]
    assert here.aws.count("RebootInstances", InstanceIds=instances(here, approval)) == 0


def test_what_does_not_fit_is_not_made_though_the_record_says_it_was_so_before(here: Place) -> None:
    """Whoever can write to the database can say what the state was, and not what fits."""
    approval = here.ask(call(here, "ec2-stop"))
    tags = [{"Key": "aws:autoscaling:groupName", "Value": "intake"}]
    here.aws.client("ec2").create_tags(Resources=instances(here, approval), Tags=tags)
    here.approve(approval)
    here.rewrite(approval.id, before={**approval.before, "group": "intake"})

    execute(here.hands, approval.id)

    assert here.case(approval).approval(approval.id).state is S.REVOKED
    assert "group is intake, and for ec2-stop" in here.case(approval).reasons[approval.id]
    assert here.aws.count("StopInstances", InstanceIds=instances(here, approval)) == 0


BETWEEN: list[tuple[str, str, Callable[[Place, ToolCall], None]]] = [
    (
        "lambda-environment",
        "GetFunctionConfiguration",
        lambda here, wanted: here.aws.client("lambda").update_function_configuration(
            FunctionName=wanted.arguments["function"], Environment={"Variables": {"POOL": "5", "OTHER": "1"}}
        ),
    ),
    (
        "route53-weight",
        "ListResourceRecordSets",
        lambda here, wanted: here.aws.client("route53").change_resource_record_sets(
            HostedZoneId=wanted.arguments["zone"], ChangeBatch={"Changes": moved(here, wanted)}
        ),
    ),
]


def moved(here: Place, wanted: ToolCall) -> list[dict[str, Any]]:
    records = here.aws.client("route53").list_resource_record_sets(HostedZoneId=wanted.arguments["zone"])
    old = next(o for o in records["ResourceRecordSets"] if o["SetIdentifier"] == wanted.arguments["record"])
    new = {**old, "ResourceRecords": [{"Value": "192.0.2.9"}]}
    return [{"Action": "DELETE", "ResourceRecordSet": old}, {"Action": "CREATE", "ResourceRecordSet": new}]


@pytest.mark.parametrize(("name", "read", "meddle"), BETWEEN, ids=[name for name, _, _ in BETWEEN])
def test_what_somebody_changes_at_the_last_moment_is_not_overwritten(
    here: Place, name: str, read: str, meddle: Callable[[Place, ToolCall], None]
) -> None:
    wanted = call(here, name)
    approval = here.ask(wanted)
    reads: list[str] = []

    def then(operation: str) -> None:
        if operation == read:
            reads.append(operation)
            if len(reads) == 2:  # the first looks whether it has moved, the second is right before the call
                meddle(here, wanted)

    here.aws.then = then

    case = here.make(approval)

    assert case.approval(approval.id).state is S.FAILED
    found = str(TRIALS[name].look(here.aws, dict(wanted.arguments)))
    assert "OTHER" in found or "192.0.2.9" in found


# What is not asked for


def test_secret_is_neither_shown_nor_changed(here: Place) -> None:
    with pytest.raises(Refused, match=r"value is \[hidden\] now, which could not be restored"):
        here.ask(call(here, "lambda-environment", variable="DB_PASSWORD"))


@pytest.mark.parametrize(
    "variable", ["NEW", "POOL') || at(Environment.Variables, 'REGION", 'POOL" || "REGION']
)
def test_variable_that_is_not_there_is_not_set_however_it_is_called(here: Place, variable: str) -> None:
    with pytest.raises(Refused, match="value is not set now"):
        here.ask(call(here, "lambda-environment", variable=variable))


def test_what_is_not_there_cannot_be_asked_for(here: Place) -> None:
    result = here.gate.run(approvals.reading(ToolCall(name="ec2-stop", arguments={"instance": "i-0123"})))

    assert result.failure is not None


# Where it is


def test_change_is_riskier_where_any_name_of_its_thing_is_marked(here: Place) -> None:
    tags = [{"ResourceType": "instance", "Tags": [{"Key": "Name", "Value": "till-1"}]}]
    made = here.aws.client("ec2").run_instances(
        ImageId="ami-12c6146b", MinCount=1, MaxCount=1, TagSpecifications=tags
    )
    wanted = ToolCall(name="ec2-stop", arguments={"instance": made["Instances"][0]["InstanceId"]})
    marked = RULES.model_copy(update={"production": frozenset({"till-1"})})

    assert here.ask(wanted).risk is Risk.HIGH
    assert here.ask(wanted, marked).risk is Risk.CRITICAL


# When the answer is lost


def test_of_a_reboot_whose_answer_is_lost_nobody_ever_knows_and_that_is_said(here: Place) -> None:
    here.aws.lost.add("RebootInstances")
    approval = here.ask(call(here, "ec2-reboot"))

    case = here.make(approval)

    assert case.approval(approval.id).state is S.INDETERMINATE
    assert (
        "nothing that can be read tells whether the call had its effect" in case.outcomes[approval.id].finding
    )
    assert "It would be rebooted a second time." in case.outcomes[approval.id].finding
    told = said(case, approval)
    assert "Nobody knows whether it was made." in told
    assert "Nothing was changed" not in told
    assert "no effect" not in told
    assert readings(case, approval) == ["state running"]


def test_what_nobody_knows_is_not_made_again(here: Place) -> None:
    here.aws.lost.add("RebootInstances")
    approval = here.ask(call(here, "ec2-reboot"))
    here.make(approval)

    for _ in range(2):
        execute(here.hands, approval.id)
        here.sql("UPDATE approvals SET wanted = 1, runner = '' WHERE id = :i", i=approval.id)

    assert here.aws.count("RebootInstances", InstanceIds=instances(here, approval)) == 1
    execute(here.hands, approval.id)
    assert here.ledger.unmade(wiring.now().timestamp() + 60) == ()


def test_of_what_shows_a_lost_answer_is_found_out(here: Place) -> None:
    here.aws.lost.add("StopInstances")
    approval = here.ask(call(here, "ec2-stop"))

    case = here.make(approval)

    assert case.approval(approval.id).state is S.SUCCEEDED
    assert here.aws.count("StopInstances", InstanceIds=instances(here, approval)) == 1


def test_token_of_a_call_is_the_same_for_one_approval_and_tells_nothing_of_it(here: Place) -> None:
    approval = here.ask(call(here, "stepfunctions-redrive"))
    here.make(approval)

    (given,) = [asked for name, asked in here.aws.asked if name == "RedriveExecution"]

    assert len(given["clientToken"]) == 32
    assert given["clientToken"] not in approval.id
    state = here.gate.run(approvals.reading(approval.call)).data
    assert isinstance(state, StateData)
    assert state.state["redrives"] == 1
