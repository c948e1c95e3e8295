"""`runbook backtest` against the local cloud, and eyes that see no later than they should."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from boto3.session import Session

from bot.cli import backtest, looking
from bot.cli.past import Past
from tests.bot.cli.seeing import Terminal
from tests.workers.sandbox.local_cloud import REGION, LocalCloud
from workers.agent.rules import RuleReasoner
from workers.domain.budget import Budget
from workers.domain.call import (
    HappeningData,
    LogData,
    SeriesData,
    StateData,
    ToolCall,
    ToolResult,
    TopologyData,
)
from workers.domain.event import EVENT
from workers.domain.investigation import fold
from workers.domain.risk import Risk
from workers.domain.telemetry import Alarm, Happening, Resource, Topology
from workers.domain.window import Window
from workers.safety.gate import Gate
from workers.settings import load
from workers.tools import AWS
from workers.tools.action import Answer, Toolset, action
from workers.tools.aws import Aws
from workers.tools.inventory import Account

NOW = datetime(2026, 3, 20, 12, 0, tzinfo=UTC)
AGO = 70


@pytest.fixture(scope="module")
def played(cloud: LocalCloud) -> dict[str, Any]:
    """A fault of an hour ago, which goes on."""
    return cloud.play("bad_deployment", seed=3, at=cloud.now - AGO * 60)


@pytest.fixture
def terminal(cloud: LocalCloud, played: dict[str, Any], tmp_path: Any) -> Terminal:
    return Terminal(cloud, tmp_path)


def test_it_says_what_it_would_have_said_ten_minutes_after_the_alarm(
    terminal: Terminal, played: dict[str, Any]
) -> None:
    seen = terminal.run("backtest", "--days", "1", "--json")

    alarm = played["alert"]["alarm"]
    row = next(row for row in reversed(seen.lines) if alarm in row["alarms"])
    truth = {key: played["truth"][key] for key in ("service", "mode", "revision")}
    fired, looked = (datetime.fromisoformat(row[key]) for key in ("fired_at", "looked_at"))
    assert seen.code == 0
    assert {key: row["causes"][0][key] for key in truth} == truth
    assert row["outcome"] == "caused"
    assert row["remedy"].startswith("Roll ")
    assert 0.55 <= row["confidence"] < 0.8, "what is not kept any more has its price"
    assert row["gaps"]
    assert row["queries"] > 5
    assert looked - fired == timedelta(minutes=10)
    # What fired together counts from its first alarm, which may be another one's.
    assert abs(fired.timestamp() - played["alert"]["started_at"]) <= 2 * backtest.TOGETHER.total_seconds()
    assert [r["fired_at"] for r in seen.lines] == sorted((r["fired_at"] for r in seen.lines), reverse=True)
    assert "Each is looked at as of 10 minutes after its first alarm" in seen.err


def test_the_table_is_bounded_and_says_what_was_left_out(terminal: Terminal) -> None:
    seen = terminal.run("backtest", "--days", "1", "--most", "3", "--queries", "1", "--after", "5")

    head, *rows, last = seen.out.splitlines()
    assert seen.code == 0
    assert head.split("  ")[0] == "when"
    assert [word for word in ("alarm", "confidence", "queries", "seconds") if word not in head] == []
    assert len(rows) == 1
    assert last.startswith("1 incident: ")
    assert last.endswith("Nothing was changed.")
    assert "The newest 3 are looked at; --most takes more." in seen.err
    assert "2 incidents not looked at" in seen.err
    assert "as of 5 minutes after" in seen.err


def test_wrong_bounds_are_code_1(terminal: Terminal) -> None:
    seen = terminal.run("backtest", "--days", "31")

    assert (seen.code, seen.out) == (1, "")
    assert "--days" in seen.err


def test_an_alarm_that_fires_for_long_is_investigated_as_of_its_beginning(
    terminal: Terminal, played: dict[str, Any]
) -> None:
    seen = terminal.run("investigate", "--alarm", played["alert"]["alarm"], "--json")

    case = fold(EVENT.validate_json(line) for line in seen.out.splitlines())
    fired = datetime.fromtimestamp(played["alert"]["started_at"], UTC)
    assert abs(case.incident.at - fired - timedelta(minutes=10)) < timedelta(minutes=5)
    assert case.conclusion is not None
    assert case.conclusion.causes[0].revision == played["truth"]["revision"]


# -- no later than it should


class Recording(Gate):
    """The gate of the local cloud, which keeps what it was asked and what it answered."""

    def __init__(self, cloud: LocalCloud) -> None:
        account = Account(
            Aws(Session(*cloud.keys("worker"), region_name=REGION), REGION, endpoint_url=cloud.url)
        )
        super().__init__([(toolset, account) for toolset in AWS], lambda: datetime.now(UTC))
        self.asked: list[ToolCall] = []

    def run(self, call: ToolCall) -> ToolResult:
        self.asked.append(call)
        return super().run(call)


@pytest.mark.parametrize("minutes", [-1, 10])
def test_no_window_of_an_investigation_reaches_beyond_its_time(
    cloud: LocalCloud, played: dict[str, Any], tmp_path: Any, minutes: int
) -> None:
    """Shortly before the onset the engine knows no onset, and asks for logs a little later than it is."""
    gate = Recording(cloud)
    at = datetime.fromtimestamp(played["truth"]["onset"], UTC) + timedelta(minutes=minutes)
    settings = load(None, {"AWS_REGION": REGION, "SLACK_BOT_TOKEN": looking.NOBODY}, "worker")
    past = Past(gate, at, (), lambda: datetime.now(UTC))

    first = looking.reported("storefront is slow", at)
    told = list(looking.run(settings, first, past, Budget(), RuleReasoner()))

    windows = [
        Window.model_validate(value)
        for call in gate.asked
        for name, value in call.arguments.items()
        if name in ("window", "before")
    ]
    assert len(told) > 10
    assert len(windows) > 5
    assert max(window.end for window in windows) <= at


class Box:
    """What the toys answer from."""

    def __init__(self) -> None:
        self.windows: list[Window] = []
        self.lines, self.days, self.period = 0, 0, 0
        self.happened: tuple[Happening, ...] = ()


@action(risk=Risk.READ, answers="logs")
def logs(box: Box, service: str, window: Window, before: Window) -> Answer:
    """Lines."""
    box.windows += [window, before]
    return Answer(data=LogData(lines=box.lines), source="logs")


@action(risk=Risk.READ, answers="state")
def cloudwatch_log_retention(box: Box, service: str) -> Answer:
    """Days."""
    return Answer(data=StateData(state={"days": box.days}), source="logs")


@action(risk=Risk.READ, answers="series")
def series(box: Box, window: Window, period: int = 60) -> Answer:
    """Points."""
    box.windows.append(window)
    box.period = period
    return Answer(data=SeriesData(), source="series")


@action(risk=Risk.READ, answers="happenings")
def ecs_events(box: Box, window: Window) -> Answer:
    """Events."""
    return Answer(data=HappeningData(happenings=box.happened), source="ecs")


@action(risk=Risk.READ, answers="topology")
def topology(box: Box) -> Answer:
    """What runs."""
    shown = Resource(
        name="web",
        kind="service",
        id="web",
        system="aws",
        attributes={"running": "0", "desired": "2", "cluster": "c"},
    )
    return Answer(data=TopologyData(topology=Topology(resources=(shown,))), source="aws")


TOYS = (logs, cloudwatch_log_retention, series, ecs_events, topology)


def ask(box: Box, name: str, at: datetime, **windows: tuple[datetime, datetime]) -> ToolResult:
    past = Past(Gate([(Toolset(name="toys", actions=TOYS), box)], lambda: NOW), at, (), lambda: NOW)
    arguments: dict[str, Any] = {
        key: Window(start=start, end=end).model_dump(mode="json") for key, (start, end) in windows.items()
    }
    if name == "logs":
        arguments["service"] = "web"
    return past.run(ToolCall(name=name, arguments=arguments))


def hours(count: float) -> datetime:
    return NOW - timedelta(hours=count)


def test_a_window_is_cut_off_and_one_that_begins_later_is_refused() -> None:
    box = Box()

    cut = ask(box, "logs", hours(3), window=(hours(4), hours(1)), before=(hours(5), hours(4)))
    late = ask(box, "series", hours(3), window=(hours(2), hours(1)))

    assert cut.ok
    assert [window.end for window in box.windows] == [hours(3), hours(4)]
    assert late.failure is not None
    assert late.failure.kind == "refused"


def test_points_older_than_fifteen_days_are_asked_for_at_five_minutes() -> None:
    young, old = Box(), Box()

    ask(young, "series", hours(14 * 24), window=(hours(14 * 24 + 3), hours(14 * 24)))
    ask(old, "series", hours(15 * 24), window=(hours(15 * 24 + 3), hours(15 * 24)))

    assert (young.period, old.period) == (60, 300)


def test_no_lines_are_no_answer_where_lines_of_that_time_are_not_kept() -> None:
    times = {"window": (hours(8 * 24), hours(8 * 24 - 1)), "before": (hours(8 * 24 + 1), hours(8 * 24))}
    short, long, some = Box(), Box(), Box()
    short.days, long.days, some.days, some.lines = 7, 14, 7, 3

    seen = [ask(box, "logs", hours(8 * 24 - 1), **times) for box in (short, long, some)]

    assert [result.ok for result in seen] == [False, True, True]
    assert seen[0].failure is not None
    assert "kept for 7 days only" in seen[0].failure.message


def test_stopped_tasks_that_are_not_kept_are_no_quiet() -> None:
    nothing, killed = Box(), Box()
    killed.happened = (
        Happening(at=hours(2.1), service="web", kind="out_of_memory", text="", source="ecs"),
        Happening(at=hours(1.9), service="web", kind="out_of_memory", text="", source="ecs"),
    )
    window = (hours(4), hours(2))

    unknown = ask(nothing, "ecs_events", hours(2), window=window)
    known = ask(killed, "ecs_events", hours(2), window=window)
    fresh = ask(nothing, "ecs_events", hours(0.2), window=(hours(1), hours(0.2)))

    assert unknown.failure is not None
    assert "for an hour" in unknown.failure.message
    assert isinstance(known.data, HappeningData)
    assert [h.at for h in known.data.happenings] == [hours(2.1)]
    assert fresh.ok


def test_how_many_tasks_run_now_says_nothing_of_then() -> None:
    seen = ask(Box(), "topology", hours(2))

    assert isinstance(seen.data, TopologyData)
    assert seen.data.topology.resources[0].attributes == {"cluster": "c"}


# -- what fired together


def fired(name: str, minute: float, state: Any = "alarm") -> Alarm:
    at = NOW + timedelta(minutes=minute)
    return Alarm(name=name, service="", signal=None, state=state, since=at, source="alarms")


def together(*moves: Alarm) -> list[tuple[str, ...]]:
    found, _ = backtest.together(moves)
    return [one.names for one in found]


def test_what_fires_within_five_minutes_is_one_incident_and_the_newest_comes_first() -> None:
    assert together(fired("b", 4), fired("a", 0), fired("c", 30), fired("a", 2, "ok")) == [("c",), ("a", "b")]


def test_an_alarm_that_flaps_does_not_carry_another_back_to_its_beginning() -> None:
    assert together(fired("flap", 0), fired("flap", 4), fired("flap", 8), fired("real", 11)) == [
        ("flap", "real"),
        ("flap",),
    ]


def test_the_same_alarms_again_within_the_hour_are_the_same_incident() -> None:
    assert together(fired("a", 0), fired("b", 1), fired("b", 40), fired("a", 70)) == [("a",), ("a", "b")]


def test_alarms_of_automatic_scaling_are_counted_and_left_out() -> None:
    found, scaling = backtest.together([fired("TargetTracking-service/shop/web-AlarmHigh", 0), fired("a", 1)])

    assert ([one.names for one in found], scaling) == ([("a",)], 1)
