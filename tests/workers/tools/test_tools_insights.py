"""Queries of logs: fixed kinds, held to a cap, stopped when given up, and what they scanned is counted."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest
from boto3.session import Session

from tests.moto_server import moto
from tests.workers.tools.conftest import Site
from tests.workers.tools.standin import REGION, Refusal, Standin, standin
from workers.domain.call import StateData, ToolCall, ToolResult
from workers.domain.errors import ToolFailed
from workers.domain.window import Window
from workers.safety.gate import Gate
from workers.tools import insights
from workers.tools.aws import Aws
from workers.tools.inventory import Account
from workers.tools.metering import Counted

NOW = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
GB = 1_000_000_000
START, RESULTS, STOP = "logs:StartQuery", "logs:GetQueryResults", "logs:StopQuery"
WEB = {"targets": [{"service": "web"}]}


@pytest.fixture(scope="module")
def _running() -> Iterator[Standin]:
    with standin() as one:
        yield one


@pytest.fixture(scope="module")
def account(_running: Standin) -> Account:
    """One with two functions, whose log groups are known by their names."""
    _running.says["lambda:ListFunctions"] = {"Functions": [{"FunctionName": n} for n in ("web", "api")]}
    account = _running.account()
    account.inventory()
    return account


@pytest.fixture
def aws(_running: Standin, account: Account) -> Standin:
    _running.clear()
    _running.says["logs:DescribeLogGroups"] = lambda asked: {
        "logGroups": [group(asked["logGroupNamePrefix"])]
    }
    _running.says[START] = {"queryId": "q-1"}
    _running.says[RESULTS] = done({"@pattern": "boom <*>", "@sampleCount": "12"})
    return _running


def group(name: str, stored: int = 14 * GB, days: int | None = 14) -> dict[str, Any]:
    made = int((NOW - timedelta(days=400)).timestamp() * 1000)
    kept = {"retentionInDays": days} if days else {}
    return {"logGroupName": name, "storedBytes": stored, "creationTime": made, **kept}


def done(*rows: dict[str, str], status: str = "Complete", scanned: float = 2_000_000.0) -> dict[str, Any]:
    cells = [[{"field": k, "value": v} for k, v in row.items()] for row in rows]
    return {"results": cells, "status": status, "statistics": {"bytesScanned": scanned}}


Ask = Callable[..., ToolResult]


@pytest.fixture
def ask(account: Account) -> Ask:
    def asked(minutes: float = 60, cap: int = 5 * GB, **arguments: Any) -> ToolResult:
        window = Window(start=NOW - timedelta(minutes=minutes), end=NOW).model_dump(mode="json")
        gate = Gate([(insights.TOOLSET, account)], lambda: NOW).spending(1000, cap)
        given: dict[str, Any] = {**WEB, "window": window, **arguments}
        return gate.run(ToolCall(name="logs_insights", arguments=given))

    return asked


def rows(result: ToolResult) -> Any:
    assert isinstance(result.data, StateData), result.failure
    return result.data.state["rows"]


# -- what is asked

COUNTED = (
    'filter @message like "pool exhausted" | '
    "stats count(*) as lines by bin(1m) as minute | sort minute asc | limit 1000"
)


@pytest.mark.parametrize(
    ("arguments", "query"),
    [
        ({"kind": "patterns"}, "pattern @message | sort @sampleCount desc | limit 50"),
        (
            {"kind": "by_minute", "text": "pool exhausted"},
            COUNTED,
        ),
        (
            {"kind": "top", "field": "user-agent"},
            "stats count(*) as lines by `user-agent` | sort lines desc | limit 25",
        ),
    ],
)
def test_question_becomes_one_fixed_query(
    aws: Standin, ask: Ask, arguments: dict[str, str], query: str
) -> None:
    result = ask(**arguments, targets=[{"service": "web"}, {"service": "api"}, {"service": "web"}])

    assert result.ok
    ((_, sent),) = [p for p in aws.parameters if p[0] == START]
    assert sent["queryString"] == query
    assert sent["logGroupNames"] == ["/aws/lambda/web", "/aws/lambda/api"]
    assert (sent["startTime"], sent["endTime"]) == (NOW.timestamp() - 3600, NOW.timestamp() - 1)


@pytest.mark.parametrize(
    "arguments",
    [
        {"kind": "patterns", "text": 'x" | fields @message | filter @message like "'},
        {"kind": "patterns", "text": "back\\slash"},
        {"kind": "patterns", "text": "two\nlines"},
        {"kind": "top", "field": "a by b"},
        {"kind": "top", "field": "`"},
        {"kind": "top"},
        {"kind": "delete"},
        {"kind": "patterns", "targets": []},
    ],
)
def test_what_is_more_than_a_piece_of_data_is_refused_and_nothing_sent(
    aws: Standin, ask: Ask, arguments: dict[str, Any]
) -> None:
    result = ask(**arguments)

    assert result.failure is not None
    assert result.failure.kind == "refused"
    assert not aws.asked[START]


def test_rows_and_bytes_come_back_once_it_is_complete(aws: Standin, ask: Ask) -> None:
    aws.says[RESULTS] = [
        done(status="Scheduled", scanned=0.0),
        done(status="Running", scanned=900_000.0),
        done({"@pattern": "boom", "@ptr": "secret"}),
    ]

    result = ask(kind="patterns")

    assert rows(result) == [{"@pattern": "boom"}]
    assert result.scanned == 2_000_000
    assert (aws.asked[RESULTS], aws.asked[STOP]) == (3, 0)


# -- what it may cost


def test_query_that_would_scan_too_much_is_refused_with_a_window_that_would_not(
    aws: Standin, ask: Ask
) -> None:
    # 1 GB a day: five hours are about 0.21 GB, and 0.1 GB are left.
    result = ask(minutes=300, cap=GB // 10, kind="patterns")

    assert result.failure is not None
    assert result.failure.kind == "refused"
    assert "about 0.2 GB of logs would be looked through" in result.failure.message
    assert result.failure.mend.startswith("At most 144 minutes would do.")
    assert not aws.asked[START]


@pytest.mark.parametrize(
    ("held", "gigabytes"),
    [
        (group("/aws/lambda/web", 400 * GB, None), 0.04),  # kept for ever: since it was made
        (group("/aws/lambda/web", 14 * GB, 3650), 0.0015),  # younger than what it is kept for
        (group("/aws/lambda/web", 0), 0.0),
    ],
)
def test_share_of_a_group_goes_by_how_long_its_lines_are_kept(
    aws: Standin, ask: Ask, held: dict[str, Any], gigabytes: float
) -> None:
    aws.says["logs:DescribeLogGroups"] = {"logGroups": [held]}

    assert ask(cap=int(gigabytes * GB * 1.1), kind="patterns").ok
    assert gigabytes == 0.0 or not ask(cap=int(gigabytes * GB * 0.9), kind="patterns").ok


def test_query_that_scans_more_than_is_left_is_stopped_and_counted(aws: Standin, ask: Ask) -> None:
    aws.says[RESULTS] = done(status="Running", scanned=6.0 * GB)

    result = ask(kind="patterns")

    assert result.failure is not None
    assert result.failure.kind == "refused"
    assert (aws.asked[STOP], result.scanned) == (1, 6 * GB)


def test_query_that_takes_too_long_is_stopped(aws: Standin, account: Account) -> None:
    aws.says[RESULTS] = done(status="Running", scanned=7.0)
    aws.says[STOP] = Refusal("InvalidParameterException", "it is over", 400)
    window = Window(start=NOW - timedelta(minutes=5), end=NOW)

    with Counted() as counted, pytest.raises(ToolFailed, match=r"longer than 0\.05 seconds and was stopped"):
        insights.asked(account, "fields @message", ["/aws/lambda/web"], window, deadline=0.05)

    assert (aws.asked[STOP], counted.scanned) == (1, 7)


# -- what goes wrong


@pytest.mark.parametrize("status", ["Failed", "Cancelled", "Timeout"])
def test_query_that_ends_badly_is_a_failure_not_an_empty_answer(aws: Standin, ask: Ask, status: str) -> None:
    aws.says[RESULTS] = done(status=status)

    result = ask(kind="patterns")

    assert result.failure is not None
    assert status in result.failure.message


@pytest.mark.parametrize(("name", "stops"), [(START, 0), (RESULTS, 1), ("logs:DescribeLogGroups", 0)])
def test_denied_names_the_permission(aws: Standin, ask: Ask, name: str, stops: int) -> None:
    aws.deny(name)

    result = ask(kind="patterns")

    assert result.failure is not None
    assert (result.failure.kind, result.failure.permission) == ("denied", name)
    assert aws.asked[STOP] == stops


def test_throttled_is_said(aws: Standin, ask: Ask) -> None:
    aws.says[START] = Refusal("LimitExceededException", "too many concurrent queries", 400)

    failure = ask(kind="patterns").failure

    assert failure is not None
    assert failure.kind == "throttled"


def test_service_without_a_log_group_and_a_group_that_is_not_there_are_failures(
    aws: Standin, ask: Ask
) -> None:
    dark = ask(kind="patterns", targets=[{"service": "dark"}]).failure
    aws.says["logs:DescribeLogGroups"] = {"logGroups": [group("/aws/lambda/web-old")]}
    gone = ask(kind="patterns").failure

    assert dark is not None
    assert dark.message == "no log group is known for dark"
    assert gone is not None
    assert gone.message == "there is no log group /aws/lambda/web"


def test_no_lines_is_an_empty_list_of_a_query_that_was_answered(aws: Standin, ask: Ask) -> None:
    aws.says[RESULTS] = done(scanned=0.0)

    assert rows(ask(kind="lines")) == []


# -- others that answer


def test_lines_are_read_from_a_server_of_motos() -> None:
    session = Session("AKIA" + "A" * 16, "s" * 40, region_name=REGION)
    now = datetime.now(UTC)
    event = {"timestamp": int(now.timestamp() * 1000) - 60_000, "message": "boom"}
    window = Window(start=now - timedelta(minutes=5), end=now)

    with moto() as url:
        client: Any = cast(Any, session).client("logs", endpoint_url=url)
        client.create_log_group(logGroupName="/aws/lambda/web")
        client.create_log_stream(logGroupName="/aws/lambda/web", logStreamName="one")
        client.put_log_events(logGroupName="/aws/lambda/web", logStreamName="one", logEvents=[event])
        found, _ = insights.asked(
            Account(Aws(session, REGION, endpoint_url=url)),
            "fields @timestamp, @message | sort @timestamp asc | limit 200",
            ["/aws/lambda/web"],
            window,
        )

    assert [row["@message"] for row in found] == ["boom"]


def test_kinds_agree_with_what_the_local_cloud_logs(site: Site, shop: dict[str, Any]) -> None:
    about = {"targets": [{"service": shop["service"]}], "window": site.window(-10, -5)}

    by_minute = rows(site.ask("logs_insights", kind="by_minute", trouble=True, **about))
    streams = rows(site.ask("logs_insights", kind="top", field="@logStream", trouble=True, **about))
    patterns = rows(site.ask("logs_insights", kind="patterns", trouble=True, **about))

    counts = [sum(int(row[key]) for row in some) for some, key in ((by_minute, "lines"), (streams, "lines"))]
    assert counts[0] == counts[1] > 0
    assert int(patterns[0]["@sampleCount"]) > 0
    assert site.ask("logs_insights", kind="lines", **about).scanned > 0
