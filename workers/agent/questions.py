"""Answers to questions that are no incident, from the same readings that an investigation begins with."""

from collections import defaultdict

from pydantic import JsonValue

from workers.agent import spending, steering, triage, wellness, words
from workers.agent.answers import Findings
from workers.agent.sight import Sight
from workers.domain.call import ResourceData, SeriesData, StateData, ToolCall
from workers.domain.environment import ALIKE, ENVIRONMENT, called
from workers.domain.event import Answered
from workers.domain.evidence import CausalQuery
from workers.domain.investigation import Investigation
from workers.domain.question import Question
from workers.domain.telemetry import Change, Resource
from workers.domain.window import ending

MOST = 20
"""Lines of an answer; what is more is counted."""
TOLD = 3
"""What is told of each thing in a list."""
EVERYTHING = frozenset({"", "prod", "production", "here", "aws", "all", "everything"})
ENVIRONMENTS = frozenset(some[0] for some in ALIKE)
READS = {
    "running": ("topology", "alarms"),
    "changed": ("topology", "changes"),
    "alarms": ("alarms",),
    "needs": ("topology",),
    "runbook": ("runbook_search",),
    "estate": ("aws_query",),
    "watch": ("aws_watch",),
    "cost": ("aws_cost",),
    "open": (),
}
"""What is read for each topic; the health of a service takes what the facts of an incident take."""
ALARMS_MINUTES = 1440
WATCH_MINUTES = 180
"""How far back is looked, at least, to know what is usual."""
THREAD = "this thread"
"""The source of what was said here before."""


def asks(case: Investigation, question: Question) -> tuple[CausalQuery, ...]:
    """What has to be read before the question can be answered; none when it can be."""
    case = _own(case)
    if question.topic == "health":
        return triage.questions(case)
    wanted = (_query(case, question, name) for name in READS[question.topic])
    return tuple(query for query in wanted if query.id not in case.queries)


def _query(case: Investigation, question: Question, name: str) -> CausalQuery:
    asked = question.minutes
    lasting = {"changes": asked, "aws_cost": asked, "aws_watch": max(asked, WATCH_MINUTES)}
    window = ending(case.incident.at, minutes=lasting.get(name, ALARMS_MINUTES))
    arguments: dict[str, JsonValue] = {}
    if name in ("alarms", "changes", "aws_watch", "aws_cost"):
        arguments["window"] = window.model_dump(mode="json")
    if name == "runbook_search":
        arguments["text"] = case.incident.text[:500]
    if name in ("aws_query", "aws_watch"):
        arguments["what"] = question.what
    call = ToolCall(name=name, arguments=arguments, why=f"to answer: {case.incident.text[:80]}")
    return CausalQuery(id=f"a-{name}", role="facts", call=call, window=window)


def _own(case: Investigation) -> Investigation:
    """Without what a model asked: its windows are its own, and count for nothing else."""
    queries = {key: query for key, query in case.queries.items() if query.role != "ask"}
    results = {key: result for key, result in case.results.items() if key in queries}
    return case.model_copy(update={"queries": queries, "results": results})


def worded(case: Investigation, found: Findings) -> Answered:
    """A model's answer, with what could not be read for it and where it was read."""
    cited = tuple(dict.fromkeys(key for one in (*found.answer, *found.lines) for key in one.rests_on))
    asked = [case.results[key] for key, query in case.queries.items() if query.role == "ask"]
    # What it asked wrongly was told to the model, and is nothing that anybody could mend.
    failed = [r.failure for r in asked if r.failure is not None and r.failure.kind != "refused"]
    gaps = [f"{f.message} {f.mend}".strip() for f in failed]
    gaps += [f"{gap.what}: {gap.why}" for result in asked for gap in result.gaps]
    said, unknown = " ".join(one.text for one in found.answer), found.unknown.strip()
    sources = [case.results[key].source if key in case.results else THREAD for key in cited]
    return Answered(
        at=case.incident.at,
        text=said or f"I cannot tell. {unknown}",
        lines=tuple(one.text for one in found.lines),
        gaps=tuple(dict.fromkeys(([unknown] if said and unknown else []) + gaps)),
        sources=tuple(dict.fromkeys(sources)),
        citations=cited,
    )


def reply(case: Investigation, question: Question) -> Answered:
    """The answer from what was read. What could not be read is said by the gaps of the answer."""
    case = _own(case)
    sight = Sight(case)
    text, lines = _ANSWERS[question.topic](sight, question)
    shown = (*lines[:MOST], *([f"and {len(lines) - MOST} more"] if len(lines) > MOST else []))
    results = [case.results[key] for key in case.queries if key in case.results]
    failed = [r.failure for r in results if r.failure is not None]
    # What was asked wrongly is no gap: the answer says what to ask instead.
    wrong = {f.message for f in failed if f.kind == "refused"}
    gaps = [f"{f.message} {f.mend}".strip() for f in failed if f.message not in wrong]
    gaps += [f"{g.what}: {g.why}" for g in sight.gaps() if g.why not in wrong]
    sources = dict.fromkeys(r.source for r in results if r.ok)
    return Answered(
        at=case.incident.at,
        text=text,
        lines=shown,
        gaps=tuple(dict.fromkeys(gaps)),
        sources=tuple(sources),
    )


def _places(sight: Sight, question: Question) -> tuple[str, ...] | None:
    """The places that are asked about; `None` for all, empty where nobody knows such a place."""
    if question.what in EVERYTHING:
        return None
    return steering.meant(question.what, sight.topology)


def _unknown(question: Question) -> tuple[str, list[str]]:
    return f"I know nothing called “{question.what[:80]}”.", []


def _unread(sight: Sight, name: str, what: str) -> tuple[str, list[str]] | None:
    """What to say where the reading that everything hangs on gave no answer."""
    result = sight.case.results.get(f"a-{name}")
    return None if result is not None and result.ok else (f"I cannot tell {what}: it could not be read.", [])


def _running(sight: Sight, question: Question) -> tuple[str, list[str]]:
    if unread := _unread(sight, "topology", "what runs"):
        return unread
    stated = {r.attributes.get(ENVIRONMENT) for r in sight.topology.resources} | ENVIRONMENTS
    environment = called(question.what) if called(question.what) in stated else ""
    places = None if environment else _places(sight, question)
    named = [r for r in sight.topology.resources if not places or r.name in places]
    found = [r for r in named if not environment or r.attributes.get(ENVIRONMENT, environment) == environment]
    kinds: dict[str, list[Resource]] = defaultdict(list)
    for one in found:
        kinds[one.kind].append(one)
    counts = [words.counted(len(some), kind) for kind, some in kinds.items()]
    firing = {alarm.service: alarm.name for alarm in sight.alarms if alarm.state == "alarm"}
    lines = [_line(one, firing.get(one.name, "")) for some in kinds.values() for one in some]
    unsaid = sum(ENVIRONMENT not in r.attributes for r in found) if environment else 0
    more = f" Of {unsaid} I do not know whether they are {environment}." if unsaid else ""
    return (f"I see {words.listed(counts)}.{more}" if counts else "I see nothing that runs."), lines


def _line(one: Resource, alarm: str) -> str:
    tasks = one.attributes.get("running"), one.attributes.get("desired")
    count = f", {tasks[0]} of {tasks[1]} running" if all(tasks) else ""
    return f"{one.name} ({one.kind}{count})" + (f", alarm {alarm} fires" if alarm else "")


def _changed(sight: Sight, question: Question) -> tuple[str, list[str]]:
    if unread := _unread(sight, "changes", "what changed"):
        return unread
    places = _changed_ones(sight, question) or _places(sight, question)
    found = [c for c in _every_change(sight) if places is None or c.service in places]
    span = (
        words.counted(question.minutes, "minute")
        if question.minutes < 120
        else f"{question.minutes // 60} hours"
    )
    about = "" if places is None else f" of {words.listed(list(places)) or f'“{question.what[:80]}”'}"
    if not found:
        return f"No change{about} is on record for the last {span}.", []
    text = f"I know of {words.counted(len(found), 'change')}{about} in the last {span}, the newest first."
    return text, [_told(change) for change in reversed(found)]


def _changed_ones(sight: Sight, question: Question) -> tuple[str, ...]:
    """What was changed and is named, though nobody knows it as a place: a bucket, a role."""
    asked = set(question.what.split())
    return tuple(dict.fromkeys(c.service for c in sight.told if c.service.lower() in asked))


def _every_change(sight: Sight) -> list[Change]:
    """Also of what no investigation looks at."""
    seen = {change.id for change in sight.changes}
    more = [change for change in sight.told if change.id not in seen]
    return sorted((*sight.changes, *more), key=lambda change: change.at)


def _told(change: Change) -> str:
    by = f", by {change.actor}" if change.actor else ""
    return f"{words.clock(change.at)}: {change.summary}{by}"


def _alarms(sight: Sight, question: Question) -> tuple[str, list[str]]:
    if unread := _unread(sight, "alarms", "which alarms fire"):
        return unread
    firing = sorted((a for a in sight.alarms if a.state == "alarm"), key=lambda a: a.since, reverse=True)
    if not firing:
        return f"No alarm fires. I watch {words.counted(len(sight.alarms), 'alarm')}.", []
    verb = "fires" if len(firing) == 1 else "fire"
    text = f"Of {words.counted(len(sight.alarms), 'alarm')} {len(firing)} {verb}."
    return text, [
        f"{a.name} since {words.clock(a.since)}" + (f": {a.reason}" if a.reason else "") for a in firing
    ]


def _health(sight: Sight, question: Question) -> tuple[str, list[str]]:
    facts = triage.facts(sight.case)
    lines = [_told(change) for change in facts.changes[-4:]]
    if facts.mitigation:
        lines.append(f"Safest now: {facts.mitigation}")
    return facts.summary, lines


def _needs(sight: Sight, question: Question) -> tuple[str, list[str]]:
    if unread := _unread(sight, "topology", "who needs whom"):
        return unread
    places = steering.meant(question.what, sight.topology)
    if not places:
        return _unknown(question)
    lines: list[str] = []
    for name in places:
        below, above = sight.topology.callees(name), sight.topology.callers(name)
        lines.append(f"{name} needs {words.listed(list(below)) if below else 'nothing that I know of'}")
        lines.append(f"{words.listed(list(above)) if above else 'nobody that I know of'} needs {name}")
        if doors := sight.topology.doors(name):
            lines.append(f"requests come to {name} through {words.listed(doors)}")
        lines += _kept(sight.topology.find(name))
    return f"As far as I can see, for {words.listed(list(places))}:", lines


def _kept(one: Resource | None) -> list[str]:
    """Where its requests and its lines are counted and kept."""
    own = one.attributes if one else {}
    named = (("target group", own.get("target_group")), ("log group", own.get("log_group")))
    return [f"{one.name} has the {what} {value}" for what, value in named if one and value]


def _runbook(sight: Sight, question: Question) -> tuple[str, list[str]]:
    if unread := _unread(sight, "runbook_search", "what the runbooks say"):
        return unread
    found = sight.passages("")
    if not found:
        return "No runbook that I have says anything about that.", []
    first = found[0]
    lines = [f"{p.title} › {p.section} ({p.document}, {p.age_days} days old)" for p in found]
    return f"{first.title} › {first.section}: {first.text[:600]}", lines


def _estate(sight: Sight, question: Question) -> tuple[str, list[str]]:
    result = sight.case.results.get("a-aws_query")
    if result is not None and result.failure is not None and result.failure.kind == "refused":
        return f"{result.failure.message}. {result.failure.mend}", []
    if unread := _unread(sight, "aws_query", f"what there is of “{question.what[:80]}”"):
        return unread
    found = result.data.resources if result and isinstance(result.data, ResourceData) else ()
    kinds: dict[str, list[Resource]] = defaultdict(list)
    for one in found:
        kinds[one.system.removeprefix("aws:").replace("-", " ")].append(one)
    counts = [f"{kind} ({len(some)})" for kind, some in kinds.items()]
    lines = [_shown(one) for some in kinds.values() for one in some]
    none = "I see none in what I could read." if result and result.gaps else "I see none."
    return (f"I see {words.listed(counts)}." if counts else none), lines


def _watch(sight: Sight, question: Question) -> tuple[str, list[str]]:
    asked = question.what[:80]
    result = sight.case.results.get("a-aws_watch")
    if result is not None and result.failure is not None and result.failure.kind == "refused":
        return f"{result.failure.message}. {result.failure.mend}", []
    if unread := _unread(sight, "aws_watch", f"how “{asked}” is doing"):
        return unread
    series = result.data.series if result and isinstance(result.data, SeriesData) else ()
    if not series:
        unseen = bool(result and result.gaps)
        none = f"CloudWatch tells nothing of “{asked}”." if unseen else f"I see nothing called “{asked}”."
        return none, []
    return wellness.told(series)


def _shown(one: Resource) -> str:
    """A thing with the first of what its row shows."""
    told = [f"{key.replace('_', ' ')} {value}" for key, value in list(one.attributes.items())[:TOLD]]
    return f"{one.name} ({', '.join(told)})" if told else one.name


def _cost(sight: Sight, question: Question) -> tuple[str, list[str]]:
    if unread := _unread(sight, "aws_cost", "what was spent"):
        return unread
    data = sight.case.results["a-aws_cost"].data
    return spending.told(data.state) if isinstance(data, StateData) else _unknown(question)


def _open(sight: Sight, question: Question) -> tuple[str, list[str]]:
    ways = "which alarms are firing? is checkout ok? who calls shop-db? what did we spend?"
    return "I cannot tell: a question like that takes a model to answer.", [
        f"What I can look up without one, for example: {ways}",
        "If something is wrong, say what it is, and I look into it.",
    ]


_ANSWERS = {
    "running": _running,
    "changed": _changed,
    "alarms": _alarms,
    "health": _health,
    "needs": _needs,
    "runbook": _runbook,
    "estate": _estate,
    "watch": _watch,
    "cost": _cost,
    "open": _open,
}
