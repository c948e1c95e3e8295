"""The gate: what it lets through to a tool, what it refuses before the tool is asked, and what comes back."""

from datetime import timedelta
from typing import Any

import pytest
from pydantic import JsonValue

from tests.workers import making
from workers.domain.call import Failure, Gap, StateData, ToolCall, ToolResult
from workers.domain.errors import (
    AccessDenied,
    ApprovalRequired,
    OutcomeUnknown,
    Refused,
    RunbookError,
    ToolFailed,
    Unreachable,
)
from workers.domain.risk import Risk
from workers.domain.window import Window
from workers.safety.gate import Gate
from workers.tools import AWS, KNOWLEDGE
from workers.tools.action import Answer, Toolset, action
from workers.tools.changes import change_rows


class System:
    """A system that keeps what it was asked, and answers or fails as a test wants."""

    def __init__(self, error: RunbookError | None = None) -> None:
        self.asked: list[Any] = []
        self.error = error
        self.gaps: tuple[Gap, ...] = ()

    def answer(self, *asked: Any) -> Answer:
        self.asked.append(asked)
        if self.error is not None:
            raise self.error
        return Answer(
            data=StateData(state={"seen": "password=hunter22"}),
            source="system",
            link="https://system.example.com",
            gaps=self.gaps,
            truncated=True,
            cost=4,
        )


@action(risk=Risk.READ, answers="state")
def look(system: System, service: str, number: int = 1) -> Answer:
    """Look at a service."""
    return system.answer(service, number)


@action(risk=Risk.READ, answers="series")
def measure(system: System, window: Window) -> Answer:
    """Measure."""
    return system.answer(window)


@action(risk=Risk.READ, answers="logs")
def read(system: System, window: Window, before: Window) -> Answer:
    """Read lines of a window and of an earlier one."""
    return system.answer(window, before)


@action(risk=Risk.READ, answers="happenings")
def list_events(system: System, window: Window) -> Answer:
    """List events."""
    return system.answer(window)


@action(risk=Risk.LOW, answers="state")
def restart(system: System, service: str) -> Answer:
    """Restart a service."""
    return system.answer(service)


TOOLSET = Toolset(name="system", actions=(look, measure, read, list_events, restart))


def ask(system: System, name: str, **arguments: JsonValue) -> ToolResult:
    gate = Gate([(TOOLSET, system)], lambda: making.NOON)
    return gate.run(ToolCall(name=name, arguments=arguments))


def refused(result: ToolResult) -> Failure:
    assert result.data is None
    assert result.failure is not None
    assert result.failure.kind == "refused"
    return result.failure


def hours(length: float, ago: float = 0) -> JsonValue:
    end = making.NOON - timedelta(hours=ago)
    return Window(start=end - timedelta(hours=length), end=end).model_dump(mode="json")


def test_answer_comes_back_with_where_it_is_from_and_what_it_cost() -> None:
    result = ask(System(), "look", service="checkout")

    assert result.ok
    assert (result.source, result.cost, result.truncated) == ("system", 4, True)
    assert result.link == "https://system.example.com"
    assert result.at == making.NOON


@pytest.mark.parametrize("year", ["0001", "9999"])
def test_windows_out_of_all_reckoning_are_refused(year: str) -> None:
    window: JsonValue = {"start": f"{year}-01-01T00:00:00+14:00", "end": f"{year}-01-01T01:00:00+14:00"}

    assert "knows nothing of the year" in refused(ask(System(), "list_events", window=window)).message


def test_only_what_reads_is_offered_to_a_model() -> None:
    gate = Gate([(TOOLSET, System())], lambda: making.NOON)

    assert [tool.name for tool in gate.tools] == ["look", "measure", "read", "list_events"]
    assert gate.tools[0].arguments["type"] == "object"


def test_answer_has_no_secret_in_it() -> None:
    result = ask(System(), "look", service="checkout")

    assert isinstance(result.data, StateData)
    assert result.data.state == {"seen": "password=[hidden]"}


def test_unknown_tool_is_refused_with_those_there_are() -> None:
    failure = refused(ask(System(), "delete_everything"))

    assert "delete_everything" in failure.message
    assert failure.mend == "There are: list_events, look, measure, read, restart."


def test_change_needs_an_approval_and_is_not_made() -> None:
    system = System()

    with pytest.raises(ApprovalRequired):
        ask(system, "restart", service="checkout")

    assert system.asked == []


@pytest.mark.parametrize("name", change_rows())
def test_row_of_a_change_is_no_tool(name: str) -> None:
    gate = Gate([(toolset, None) for toolset in (*AWS, *KNOWLEDGE)], lambda: making.NOON)

    refused(gate.run(ToolCall(name=name, arguments={"cluster": "shop", "service": "checkout"})))


def test_every_tool_there_is_only_reads() -> None:
    tools = [tool for toolset in (*AWS, *KNOWLEDGE) for tool in toolset.actions]

    assert len({tool.name for tool in tools}) == len(tools) >= 9
    assert {tool.risk for tool in tools} == {Risk.READ}


def test_every_tool_says_in_a_line_what_it_answers() -> None:
    for tool in (tool for toolset in (*AWS, *KNOWLEDGE) for tool in toolset.actions):
        assert 20 < len(tool.description) <= 160, tool.name
        assert "\n" not in tool.description, tool.name


@pytest.mark.parametrize(
    ("name", "arguments", "told"),
    [
        ("look", {}, "service: Field required"),
        ("look", {"service": "checkout", "region": "eu-west-1"}, "region: Extra inputs are not permitted"),
        ("look", {"service": ["checkout"]}, "service: Input should be a valid string"),
        ("look", {"service": None}, "service: Input should be a valid string"),
        ("look", {"service": "checkout", "number": "many"}, "number: Input should be a valid integer"),
        ("measure", {}, "window: Field required"),
        ("measure", {"window": "the last day"}, "window: Input should be"),
        ("measure", {"window": {"start": "2026-03-04T10:00:00", "end": "2026-03-04T11:00:00"}}, "timezone"),
        (
            "measure",
            {"window": {"start": "2026-03-04T11:00:00Z", "end": "2026-03-04T10:00:00Z"}},
            "a window must end after it starts",
        ),
        ("measure", {"window": {"start": "2026-03-04T10:00:00Z"}}, "window.end: Field required"),
    ],
)
def test_wrong_arguments_are_refused_by_name_before_anything_is_asked(
    name: str, arguments: dict[str, JsonValue], told: str
) -> None:
    system = System()

    failure = refused(ask(system, name, **arguments))

    assert told in failure.message
    assert system.asked == []


REAL = Gate([(toolset, None) for toolset in (*AWS, *KNOWLEDGE)], lambda: making.NOON)


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("series", {"targets": [], "window": hours(1), "period": 0}),
        ("series", {"targets": [], "window": hours(1), "period": -60}),
        ("series", {"targets": [], "window": hours(1), "period": 10**12}),
        ("series", {"targets": [{"service": "a", "signal": "mood"}], "window": hours(1)}),
        ("ecs_revision", {"service": "checkout", "after": "checkout"}),
        ("ecs_revision", {"service": "checkout", "after": "checkout:latest"}),
        ("ecs_revision", {"service": "checkout", "after": "checkout:2", "before": "x"}),
        ("runbook_search", {"text": "slow", "limit": 0}),
        ("runbook_search", {"text": "slow", "limit": 10_000}),
    ],
)
def test_arguments_that_no_system_could_answer_are_refused(
    name: str, arguments: dict[str, JsonValue]
) -> None:
    refused(REAL.run(ToolCall(name=name, arguments=arguments)))


@pytest.mark.parametrize(
    ("name", "windows", "allowed"),
    [
        ("measure", {"window": hours(15 * 24)}, True),
        ("measure", {"window": hours(15 * 24 + 0.1)}, False),
        ("read", {"window": hours(6), "before": hours(6, ago=6)}, True),
        ("read", {"window": hours(6.1), "before": hours(1, ago=7)}, False),
        ("read", {"window": hours(1), "before": hours(24, ago=1)}, False),
        ("list_events", {"window": hours(12)}, True),
        ("list_events", {"window": hours(13)}, False),
    ],
)
def test_window_that_is_too_broad_is_refused_with_a_narrower_one(
    name: str, windows: dict[str, JsonValue], allowed: bool
) -> None:
    system = System()

    result = ask(system, name, **windows)

    assert result.ok is allowed
    assert bool(system.asked) is allowed
    if not allowed:
        assert "too broad" in refused(result).message
        assert "Ask for at most" in refused(result).mend


@pytest.mark.parametrize(
    ("error", "kind", "permission"),
    [
        (AccessDenied("logs:FilterLogEvents", who="arn:worker"), "denied", "logs:FilterLogEvents"),
        (ToolFailed("AWS logs asks for fewer calls", "Wait a minute.", throttled=True), "throttled", ""),
        (ToolFailed("AWS logs refused: InternalFailure"), "failed", ""),
        (Unreachable("AWS logs", "read timed out", "Check the network."), "unreachable", ""),
        (Refused("that table is not for us", "Ask another."), "refused", ""),
        (OutcomeUnknown("no answer came", "Read the resource."), "failed", ""),
    ],
)
def test_failure_of_a_system_comes_back_as_what_it_was(
    error: RunbookError, kind: str, permission: str
) -> None:
    result = ask(System(error), "look", service="checkout")

    assert not result.ok
    assert result.data is None
    assert result.failure == Failure.model_validate(
        {"kind": kind, "message": str(error), "permission": permission, "mend": error.mend}
    )
    assert result.source == "look"


def test_neither_failures_nor_gaps_tell_a_secret() -> None:
    said = "connecting to postgres://app:hunter22@db failed"
    system = System()
    system.gaps = (Gap(what="the database", why=said, mend=said),)

    gap = ask(system, "look", service="checkout").gaps[0]
    failure = ask(System(ToolFailed(said, said)), "look", service="checkout").failure

    assert failure is not None
    assert "hunter22" not in "".join((gap.why, gap.mend, failure.message, failure.mend))
