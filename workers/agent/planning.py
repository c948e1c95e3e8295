"""What to ask about a claim: the data its looks need and the journal does not hold yet."""

from collections.abc import Iterator
from datetime import timedelta

from pydantic import JsonValue

from workers.agent import words
from workers.agent.catalogue import AnyLook, Mode, modes
from workers.agent.looks import Want, wants
from workers.agent.proposals import asked
from workers.agent.sight import Sight
from workers.domain.call import ToolCall
from workers.domain.evidence import CausalQuery, Role
from workers.domain.hypothesis import Hypothesis
from workers.domain.telemetry import Signal
from workers.domain.window import Window

LOG_MINUTES = 20
"""How much of the incident, and of the time before it, log lines are read from."""
EVENT_MINUTES = 240
BEFORE_MINUTES = 120
"""How much of an earlier day is read up to the hour that is compared."""
HABITS = (Signal.CPU, Signal.READS, Signal.WRITES, Signal.DISK_QUEUE, Signal.CONNECTIONS, Signal.REQUESTS)
"""What may do the same every day, or every week."""


def plan(hypothesis: Hypothesis, sight: Sight) -> tuple[CausalQuery, ...]:
    """The queries, most telling first; equal ones that another claim has asked already are left out."""
    mode = modes()[hypothesis.mode]
    queries: dict[str, CausalQuery] = {}
    for role, look in _looks(mode):
        for want in wants(look, hypothesis, sight):
            call, window = _call(want, hypothesis, sight)
            if call.hash not in queries and not _asked_already(call, sight):
                queries[call.hash] = _query(role, hypothesis, call, window, asked(look))
    found = (*queries.values(), *_search(hypothesis, sight))
    count = len(sight.case.queries)
    return tuple(q.model_copy(update={"id": f"q{count + i}"}) for i, q in enumerate(found, 1))


def _looks(mode: Mode) -> Iterator[tuple[Role, AnyLook]]:
    for look in mode.confirm:
        yield "confirm", look
    for look in mode.refute:
        yield "refute", look
    for double in mode.lookalikes:
        yield "lookalike", double.look


def _asked_already(call: ToolCall, sight: Sight) -> bool:
    return any(query.call.hash == call.hash for query in sight.case.queries.values())


def _query(role: Role, hypothesis: Hypothesis, call: ToolCall, window: Window, expected: str) -> CausalQuery:
    true, false = ("true", "false") if role == "confirm" else ("false", "true")
    return CausalQuery(
        id="",
        hypothesis=hypothesis.id,
        role=role,
        call=call,
        window=window,
        if_true=expected if true == "true" else f"not: {expected}",
        if_false=expected if false == "true" else f"not: {expected}",
    )


def _search(hypothesis: Hypothesis, sight: Sight) -> tuple[CausalQuery, ...]:
    """The runbooks about this claim, asked once."""
    if any(
        q.hypothesis == hypothesis.id and q.call.name == "runbook_search" for q in sight.case.queries.values()
    ):
        return ()
    mode = modes()[hypothesis.mode]
    # Only the accused: a page about the symptom's service is no advice on a fault elsewhere.
    services: list[JsonValue] = [hypothesis.where]
    call = ToolCall(
        name="runbook_search",
        arguments={"text": f"{hypothesis.where} {mode.title.lower()}: {mode.words}", "services": services},
        why=f"runbooks about: {hypothesis.statement}",
    )
    window = _around(sight, before=LOG_MINUTES)
    return (CausalQuery(id="", hypothesis=hypothesis.id, role="confirm", call=call, window=window),)


def _call(want: Want, hypothesis: Hypothesis, sight: Sight) -> tuple[ToolCall, Window]:
    if want.kind == "logs":
        return _logs(want.service, sight)
    if want.kind == "zones":
        return _zones(want.service, sight)
    if want.kind == "traces":
        return _traces(want.service, sight)
    if want.kind == "series":
        return _same_hour(want.service, want.days, sight)
    if want.kind == "happenings":
        window = _around(sight, before=EVENT_MINUTES)
        arguments: dict[str, JsonValue] = {"service": want.service, "window": window.model_dump(mode="json")}
        action = sight.read("happenings", want.service)
        why = f"what {words.platform(action)} reports of {want.service}"
        return ToolCall(name=action, arguments=arguments, why=why), window
    trigger = hypothesis.trigger
    after = trigger.after if trigger else ""
    revision: dict[str, JsonValue] = {"service": want.service, "after": after}
    if trigger and trigger.before:
        revision["before"] = trigger.before
    why = f"what {after} differs in from the revision before"
    action = sight.read("revision", want.service)
    return ToolCall(name=action, arguments=revision, why=why), _around(sight, before=LOG_MINUTES)


def _logs(service: str, sight: Sight) -> tuple[ToolCall, Window]:
    window, before = _since(sight)
    arguments: dict[str, JsonValue] = {
        "service": service,
        "window": window.model_dump(mode="json"),
        "before": before.model_dump(mode="json"),
    }
    why = f"what {service} logs since the onset that it did not log before"
    return ToolCall(name="logs", arguments=arguments, why=why), window


def _since(sight: Sight) -> tuple[Window, Window]:
    """The time since the onset, and an hour before it."""
    onset = sight.onset or sight.case.incident.at
    start = onset - sight.slack - timedelta(minutes=1)
    end = min(sight.case.incident.at, start + timedelta(minutes=LOG_MINUTES))
    window = Window(start=start, end=max(end, start + timedelta(minutes=3)))
    return window, Window(start=start - timedelta(minutes=60), end=start)


def _zones(service: str, sight: Sight) -> tuple[ToolCall, Window]:
    window, before = _since(sight)
    arguments: dict[str, JsonValue] = {
        "service": service,
        "window": window.model_dump(mode="json"),
        "before": before.model_dump(mode="json"),
    }
    why = f"whether the errors of {service} come from one availability zone"
    return ToolCall(name="cloudwatch_zones", arguments=arguments, why=why), window


def _traces(service: str, sight: Sight) -> tuple[ToolCall, Window]:
    window, _ = _since(sight)
    arguments: dict[str, JsonValue] = {"service": service, "window": window.model_dump(mode="json")}
    why = f"where traces of {service} fail"
    return ToolCall(name="xray_traces", arguments=arguments, why=why), window


def _same_hour(service: str, days: int, sight: Sight) -> tuple[ToolCall, Window]:
    onset = sight.onset or sight.case.incident.at
    then = onset - timedelta(days=days)
    window = Window(start=then - timedelta(minutes=BEFORE_MINUTES), end=then + timedelta(minutes=LOG_MINUTES))
    known = [signal for place, signal in sight.series if place == service and signal in HABITS]
    targets: list[JsonValue] = [{"service": service, "signal": signal.value} for signal in known]
    arguments: dict[str, JsonValue] = {
        "targets": targets,
        "period": 60,
        "window": window.model_dump(mode="json"),
    }
    why = f"whether {service} had the same at this hour {words.ago(days)}"
    return ToolCall(name="series", arguments=arguments, why=why), window


def _around(sight: Sight, *, before: int) -> Window:
    onset = sight.onset or sight.case.incident.at
    end = max(sight.case.incident.at, onset + timedelta(minutes=1))
    return Window(start=onset - timedelta(minutes=before), end=end)
