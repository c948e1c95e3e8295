"""What a question may name and what an answer may show to somebody who may not ask about everything."""

from typing import Any, get_args

import pytest
from pydantic import JsonValue

from tests.workers import making
from workers.domain.call import (
    AlarmData,
    ChangeData,
    PassageData,
    StateData,
    ToolCall,
    ToolData,
    ToolResult,
    TopologyData,
)
from workers.domain.errors import Unreachable
from workers.domain.risk import Risk
from workers.domain.telemetry import Alarm, Edge, Passage, Resource, Topology
from workers.domain.window import Window
from workers.safety.access import Area, Scope
from workers.safety.gate import Gate
from workers.safety.scope import PLACES, View
from workers.tools import AWS, KNOWLEDGE
from workers.tools.action import Answer, Target, Toolset, action

SCOPE = Scope(areas=(Area(services=("shop", "shop-*")),))


def thing(name: str, kind: Any = "service", **attributes: str) -> Resource:
    return Resource(name=name, kind=kind, id=name, system="aws", attributes=attributes)


WORLD = Topology(
    resources=(
        thing("shop", cluster="prod", task_definition="shop:7"),
        thing("shop-db", "database"),
        thing("payments", cluster="prod", task_definition="payments:3"),
        thing("payments-db", "database"),
        thing("maps.example.com", "external"),
        thing("bank.example.com", "external"),
    ),
    edges=tuple(
        Edge(caller=caller, callee=callee, source="aws")
        for caller, callee in (
            ("shop", "shop-db"),
            ("shop", "payments"),
            ("shop", "maps.example.com"),
            ("payments", "payments-db"),
            ("payments", "bank.example.com"),
        )
    ),
)


class System:
    """A system that keeps what it was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.away = False

    def state(self, what: str) -> Answer:
        self.asked.append(what)
        return Answer(data=StateData(state={"what": what}), source="system")


@action(risk=Risk.READ, answers="topology")
def topology(system: System) -> Answer:
    """What is there."""
    if system.away:
        raise Unreachable("the system", "it is away")
    return Answer(data=TopologyData(topology=WORLD), source="system")


@action(risk=Risk.READ, answers="state")
def one_service(system: System, cluster: str, service: str) -> Answer:
    """A service now."""
    return system.state(f"{cluster}/{service}")


@action(risk=Risk.READ, answers="state")
def revision(system: System, service: str, after: str, before: str = "") -> Answer:
    """What a revision differs in."""
    return system.state(f"{service} {after} {before}")


@action(risk=Risk.READ, answers="state")
def series(system: System, targets: tuple[Target, ...]) -> Answer:
    """Series."""
    return system.state(",".join(target.service for target in targets))


@action(risk=Risk.READ, answers="state")
def anything(system: System) -> Answer:
    """A state of nothing in particular."""
    return system.state("anything")


@action(risk=Risk.READ, answers="state")
def change(system: System, arguments: dict[str, str]) -> Answer:
    """The state that a change would alter."""
    return system.state(" ".join(arguments.values()))


@action(risk=Risk.READ, answers="alarms")
def alarms(_system: System) -> Answer:
    """All alarms."""
    told = (
        Alarm(name=name, service=service, signal=None, state="alarm", since=making.NOON, source="cloudwatch")
        for name, service in (("one", "shop"), ("two", "payments"), ("three", ""))
    )
    return Answer(data=AlarmData(alarms=tuple(told)), source="system")


@action(risk=Risk.READ, answers="changes")
def changes(_system: System, window: Window) -> Answer:
    """All changes."""
    told = tuple(making.change(service=service, id=service) for service in ("shop", "shop-db", "payments"))
    return Answer(data=ChangeData(changes=told), source=f"until {window.end}")


@action(risk=Risk.READ, answers="passages")
def search(_system: System, text: str) -> Answer:
    """Documents."""
    told = (
        Passage(document=name, title=text, section="", text="", services=services, age_days=1, score=1.0)
        for name, services in (("ours", ("shop",)), ("theirs", ("payments",)), ("general", ()))
    )
    return Answer(data=PassageData(passages=tuple(told)), source="runbooks")


TOOLSET = Toolset(
    name="system",
    actions=(topology, one_service, revision, series, anything, change, alarms, changes, search),
)


@pytest.fixture
def system() -> System:
    return System()


def ask(system: System, name: str, scope: Scope | None = SCOPE, **arguments: JsonValue) -> ToolResult:
    gate = Gate([(TOOLSET, system)], lambda: making.NOON).within(scope)
    return gate.run(ToolCall(name=name, arguments=arguments))


REFUSED: list[tuple[str, dict[str, Any], str]] = [
    ("one_service", {"cluster": "prod", "service": "payments"}, "payments may not"),
    ("one_service", {"cluster": "prod", "service": "nobody"}, "nobody may not"),
    ("one_service", {"cluster": "test", "service": "shop"}, "the cluster test is not of shop"),
    ("revision", {"service": "shop", "after": "payments:3"}, "revision payments:3 is not of shop"),
    ("revision", {"service": "shop", "after": "shop:7", "before": "payments:2"}, "revision payments:2"),
    ("revision", {"service": "shop-db", "after": "shop:7"}, "revision shop:7 is not of shop-db"),
    ("series", {"targets": [{"service": "payments", "signal": "cpu"}]}, "payments may not"),
    (
        "series",
        {"targets": [{"service": s, "signal": "cpu"} for s in ("shop", "payments-db")]},
        "payments-db may not",
    ),
    ("anything", {}, "names nothing that may be asked about"),
    ("change", {"arguments": {"database": "payments-db"}}, "payments-db may not"),
    ("change", {"arguments": {"cluster": "test", "service": "shop"}}, "the cluster test is not of shop"),
    ("change", {"arguments": {"queue": "https://sqs/1/shop"}}, "names nothing that may be asked about"),
]


@pytest.mark.parametrize(("name", "arguments", "says"), REFUSED)
def test_what_is_outside_is_refused_before_a_system_hears_of_it(
    system: System, name: str, arguments: dict[str, Any], says: str
) -> None:
    result = ask(system, name, **arguments)

    assert result.data is None
    assert result.failure is not None
    assert result.failure.kind == "refused"
    assert says in result.failure.message
    assert system.asked == []
    assert ask(system, name, None, **arguments).ok, "it is the scope that refuses"


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("one_service", {"cluster": "prod", "service": "shop"}),
        ("revision", {"service": "shop", "after": "shop:7"}),
        ("revision", {"service": "shop", "after": "shop:7", "before": "shop:6"}),
        ("change", {"arguments": {"database": "shop-db"}}),
        (
            "series",
            {"targets": [{"service": "shop", "signal": "cpu"}, {"service": "shop-db", "signal": "cpu"}]},
        ),
    ],
)
def test_what_is_inside_is_asked(system: System, name: str, arguments: dict[str, Any]) -> None:
    assert ask(system, name, **arguments).ok
    assert len(system.asked) == 1


def test_topology_has_their_own_and_what_of_the_world_it_needs(system: System) -> None:
    result = ask(system, "topology")

    assert isinstance(result.data, TopologyData)
    assert [r.name for r in result.data.topology.resources] == ["shop", "shop-db", "maps.example.com"]
    assert {(e.caller, e.callee) for e in result.data.topology.edges} == {
        ("shop", "shop-db"),
        ("shop", "maps.example.com"),
    }
    beyond, needs = result.gaps
    assert "outside what may be asked about" in beyond.why
    assert (needs.what, needs.about) == ("payments, which shop needs", "shop")


def test_answers_about_everything_are_cut_down_and_say_so(system: System) -> None:
    window: JsonValue = Window(start=making.at(-60), end=making.NOON).model_dump(mode="json")
    firing, changed, found = (
        ask(system, "alarms"),
        ask(system, "changes", window=window),
        ask(system, "search", text="slow"),
    )

    assert isinstance(firing.data, AlarmData)
    assert isinstance(changed.data, ChangeData)
    assert isinstance(found.data, PassageData)
    assert [alarm.name for alarm in firing.data.alarms] == ["one"]
    assert [change.service for change in changed.data.changes] == ["shop", "shop-db"]
    assert [passage.document for passage in found.data.passages] == ["ours", "general"]
    assert all(len(result.gaps) == 1 for result in (firing, changed, found))


def test_nothing_is_answered_while_it_is_not_known_what_is_there(system: System) -> None:
    system.away = True

    result = ask(system, "one_service", cluster="prod", service="shop")

    assert result.failure is not None
    assert result.failure.kind == "unreachable"
    assert system.asked == []


@pytest.mark.parametrize(
    ("text", "hidden"),
    [
        ("payments is slow", ("payments",)),
        ("PAYMENTS-DB is slow", ("payments-db",)),
        ("the shop is slow, is it payments?", ()),
        ("everything is slow", ()),
        ("repayments are slow", ()),
    ],
)
def test_what_a_report_is_about_that_may_not_be_asked_about(
    system: System, text: str, hidden: tuple[str, ...]
) -> None:
    gate = Gate([(TOOLSET, system)], lambda: making.NOON)

    assert gate.within(SCOPE).hidden(text) == hidden
    assert gate.hidden(text) == ()


@pytest.mark.parametrize("kind", [kind for kind in get_args(get_args(ToolData)[0]) if kind is not StateData])
def test_every_shape_of_answer_can_be_cut_down(kind: type[Any]) -> None:
    assert View(SCOPE, WORLD).narrowed(kind()) == (kind(), ())


def test_every_tool_there_is_names_a_place_or_can_be_cut_down() -> None:
    """One that does neither nobody with a scope may ask: a numbered deployment, all costs, all calls."""
    neither = {"codedeploy_deployment", "aws_cost", "slo_state", "xray_graph"}
    tools = (a for toolset in (*AWS, *KNOWLEDGE) for a in toolset.actions)
    for one in (tool for tool in tools if tool.name not in neither):
        names = {*one.arguments.model_fields} & {*PLACES, "targets", "arguments"}
        assert names or one.answers != "state", one.name
