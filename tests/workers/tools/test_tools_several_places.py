"""Several accounts and regions on a server of moto's over HTTP, looked at as if they were one."""

import io
import zipfile
from collections.abc import Iterator
from typing import Any

import pytest
from boto3.session import Session

from tests.moto_server import moto
from tests.workers import making
from workers import wiring
from workers.domain.call import ResourceData, ToolCall, ToolResult, TopologyData
from workers.domain.errors import Refused
from workers.safety.gate import Gate
from workers.settings import Aws as AwsSettings
from workers.settings import Identity, Settings
from workers.settings.tree import AwsAccount, Executor, Providers, Role
from workers.tools import changes
from workers.tools.aws import Aws
from workers.tools.inventory import Account
from workers.tools.places import Places

PROD, STAGE = "111111111111", "222222222222"
HERE, THERE = "us-east-1", "eu-west-1"
KEYS = {"access_key_id": "AKIA" + "A" * 16, "secret_access_key": "s" * 40}


def role(account: str, name: str) -> str:
    return f"arn:aws:iam::{account}:role/{name}"


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with moto() as url:
        yield url


def settings(url: str) -> Settings:
    accounts = (
        AwsAccount(
            name="prod",
            regions=(HERE, THERE),
            worker=Role(role_arn=role(PROD, "looks"), external_id="agreed"),
            executor=Role(role_arn=role(PROD, "acts")),
        ),
        AwsAccount(
            name="stage",
            worker=Role(role_arn=role(STAGE, "looks")),
            executor=Role(role_arn=role(STAGE, "acts")),
        ),
    )
    aws = AwsSettings(
        regions=(HERE,),
        endpoint_url=url,
        worker=Identity.model_validate(KEYS),
        executor=Executor.model_validate({**KEYS, "access_key_id": "AKIA" + "B" * 16}),
        accounts=accounts,
    )
    return Settings(providers=Providers(aws=aws))


@pytest.fixture(scope="module")
def places(server: str) -> Places:
    """Production in two regions and a stage in one: a function of one name everywhere, and one of its own."""
    found = wiring.reading(settings(server))
    assert found is not None
    for account in found.accounts:
        _function(account, "checkout")
    _function(found.at("stage"), "trial")
    for account in found.homes:
        _client(account, "s3").create_bucket(Bucket=f"files-of-{account.name.split('/')[0]}")
    return found


@pytest.fixture(scope="module")
def gate(places: Places) -> Gate:
    return wiring.investigating(places, lambda *_: ())  # pyright: ignore[reportArgumentType]


def _client(account: Account, service: str) -> Any:
    return account.aws._client(service)  # pyright: ignore[reportPrivateUsage]


def _function(account: Account, name: str) -> None:
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as packed:
        packed.writestr("main.py", "")
    iam = _client(account, "iam")
    roles = {one["RoleName"] for one in iam.list_roles()["Roles"]}
    if "runs" not in roles:
        iam.create_role(RoleName="runs", AssumeRolePolicyDocument="{}")
    _client(account, "lambda").create_function(
        FunctionName=name,
        Runtime="python3.11",
        Handler="main.run",
        Role=iam.get_role(RoleName="runs")["Role"]["Arn"],
        Code={"ZipFile": code.getvalue()},
    )


def ask(gate: Gate, name: str, **arguments: Any) -> ToolResult:
    return gate.run(ToolCall(name=name, arguments=arguments))


def names(result: ToolResult) -> set[str]:
    assert isinstance(result.data, ResourceData), result.failure
    return {one.name for one in result.data.resources}


def test_what_several_places_know_by_one_name_is_told_apart_by_the_place(gate: Gate) -> None:
    result = ask(gate, "topology")

    assert isinstance(result.data, TopologyData)
    found = {r.name: r for r in result.data.topology.resources if r.kind == "function"}
    assert set(found) == {
        f"checkout@prod/{HERE}",
        f"checkout@prod/{THERE}",
        f"checkout@stage/{HERE}",
        "trial",
    }
    assert found["trial"].attributes["place"] == f"stage/{HERE}"
    assert [found[name].account for name in sorted(found)] == [PROD, PROD, STAGE, STAGE]


def test_a_question_about_a_thing_goes_to_where_it_is(gate: Gate) -> None:
    window = {"start": "2026-03-01T11:00:00Z", "end": "2026-03-01T12:00:00Z"}
    targets = [{"service": one, "signal": "requests"} for one in (f"checkout@prod/{THERE}", "trial")]

    result = ask(gate, "series", targets=targets, window=window)

    assert result.failure is None
    assert {one.service for one in result.data.series} == {f"checkout@prod/{THERE}", "trial"}  # type: ignore[union-attr]
    links = {one.service: one.link for one in result.data.series}  # type: ignore[union-attr]
    assert f"region={THERE}" in links[f"checkout@prod/{THERE}"]
    assert f"region={HERE}" in links["trial"]


def test_a_listing_holds_to_the_account_or_the_region_that_is_named(gate: Gate) -> None:
    everywhere = ask(gate, "aws_query", what="lambda functions")
    stage = ask(gate, "aws_query", what="lambda functions", place="stage")
    far = ask(gate, "aws_query", what="lambda functions", place=THERE)

    assert names(everywhere) == {
        f"checkout@{place}" for place in (f"prod/{HERE}", f"prod/{THERE}", f"stage/{HERE}")
    } | {"trial"}
    assert names(stage) == {f"checkout@stage/{HERE}", "trial"}
    assert names(far) == {f"checkout@prod/{THERE}"}


@pytest.mark.parametrize(
    ("what", "found"),
    [
        (f"lambda functions in {THERE}", {f"checkout@prod/{THERE}"}),
        ("the lambda functions of stage", {f"checkout@stage/{HERE}", "trial"}),
    ],
)
def test_plain_words_name_a_place_too(gate: Gate, what: str, found: set[str]) -> None:
    assert names(ask(gate, "aws_query", what=what)) == found


def test_a_region_that_is_not_looked_at_is_not_answered_by_another(server: str) -> None:
    session = Session("AKIA" + "C" * 16, "s" * 40)
    only = Places((Account(Aws(session, HERE, endpoint_url=server)),))
    gate = wiring.investigating(only, lambda *_: ())  # pyright: ignore[reportArgumentType]

    failure = ask(gate, "aws_query", what="s3 buckets in ap-south-1").failure

    assert failure is not None
    assert failure.kind == "refused"
    assert "'ap-south-1'" in failure.message
    assert HERE in failure.mend


def test_what_belongs_to_no_region_is_listed_once_for_an_account(gate: Gate) -> None:
    result = ask(gate, "aws_query", what="s3 buckets")

    assert isinstance(result.data, ResourceData)
    assert sorted(one.name for one in result.data.resources) == ["files-of-prod", "files-of-stage"]


@pytest.mark.parametrize(
    ("place", "near"), [("eu-west-2", "Near it: eu-west-1"), ("the moon", "There are: prod/us-east-1")]
)
def test_a_place_that_is_not_looked_at_is_refused_with_those_that_are(
    gate: Gate, place: str, near: str
) -> None:
    failure = ask(gate, "aws_query", what="lambda functions", place=place).failure

    assert failure is not None
    assert failure.kind == "refused"
    assert near in failure.mend


def test_one_place_that_does_not_answer_is_a_gap_of_the_whole(places: Places, server: str) -> None:
    session = Session("AKIA" + "C" * 16, "s" * 40)
    hung = Account(Aws(session, "eu-west-3", endpoint_url="http://127.0.0.1:9"), name="far/eu-west-3")
    gate = wiring.investigating(Places((*places.accounts, hung)), lambda *_: ())  # pyright: ignore[reportArgumentType]

    result = ask(gate, "aws_query", what="lambda functions")

    assert "trial" in names(result)
    assert [gap.what for gap in result.gaps] == ["lambda-functions in far/eu-west-3"]


def test_a_change_is_made_where_its_call_says_and_nowhere_else(places: Places, server: str) -> None:
    _, change = wiring.acting(settings(server))
    arguments: dict[str, Any] = {"function": "checkout", "reservedCount": 7, "place": f"prod/{THERE}"}
    call = ToolCall(name="lambda-reserve", arguments=arguments)

    changes.make(changes.place(change, call).aws, call, "token")

    reserved = {
        one.name: one.aws.call("lambda", "get_function_concurrency", FunctionName="checkout").get(
            "ReservedConcurrentExecutions"
        )
        for one in places.accounts
    }
    assert reserved == {f"prod/{HERE}": None, f"prod/{THERE}": 7, f"stage/{HERE}": None}


def test_a_change_that_does_not_say_where_is_made_nowhere(server: str) -> None:
    _, change = wiring.acting(settings(server))

    with pytest.raises(Refused, match="it is not said where"):
        changes.place(change, making.call())
    with pytest.raises(Refused, match="it is not said where: prod"):
        changes.place(change, making.call(place="prod"))


def test_the_state_before_is_read_where_the_change_is_to_be_made(gate: Gate, places: Places) -> None:
    _client(places.at(f"stage/{HERE}"), "lambda").put_function_concurrency(
        FunctionName="checkout", ReservedConcurrentExecutions=3
    )
    arguments: dict[str, Any] = {"function": "checkout", "reservedCount": 9, "place": f"stage/{HERE}"}
    call = ToolCall(name="lambda-reserve", arguments=arguments)
    row = changes.row_of(call)

    result = gate.run(changes.reading(row, call))

    assert result.failure is None, result.failure
    before = result.data.state  # type: ignore[union-attr]
    assert before["reservedCount"] == 3
    undone = changes.undo(row, call, before)
    assert undone is not None
    assert undone.arguments == {**arguments, "reservedCount": 3}
