"""How each look is answered from what is known: yes, no, or not yet known, with the finding in words."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Literal

from workers.agent import blame, statistics, words
from workers.agent.catalogue import (
    AlarmEdited,
    AnyLook,
    Blamed,
    Called,
    Callers,
    Calm,
    ChangeLook,
    Complained,
    Differs,
    Explained,
    Happened,
    Healed,
    Leads,
    Logs,
    OneZone,
    Quiet,
    SameHour,
    Shape,
    Shift,
    Silent,
    Tasks,
    Troubled,
)
from workers.agent.sight import FACING, TOLERANCE, TROUBLE, Sight
from workers.domain.facts import Deviation
from workers.domain.hypothesis import Hypothesis
from workers.domain.telemetry import LogPattern, Series, Signal

GROWTH = 4.0
"""A known pattern counts as more frequent from this factor on, and from `MANY` lines on."""
MANY = 5
HISTORY = "history"
"""The witness that other days are: not the same as that of the hour in question."""
EARLIER = (1, 7)
"""Days that a day is held against: the one before, and that of the week before."""
SAME_HOUR = timedelta(minutes=10)
"""How far apart two days may begin what they do every day."""
MOSTLY = 0.5
"""The share of failed traces that has to end in one place before it explains them."""
RUNNING = ("service", "function")
"""What the platform runs, and tells how it went."""


@dataclass(frozen=True)
class Answer:
    """`source` is the witness; `queries` the journaled queries it rests on."""

    says: Literal["yes", "no", "unknown"]
    finding: str = ""
    source: str = ""
    link: str = ""
    queries: tuple[str, ...] = ()
    series: Series | None = None


@dataclass(frozen=True)
class Want:
    """Data a look needs and the journal does not hold: `kind` of telemetry about `service`."""

    kind: Literal["logs", "happenings", "revision", "zones", "series", "traces"]
    service: str
    days: int = 0
    """How long before, where it is about the same hour of an earlier day."""


def judge(look: AnyLook, claim: Hypothesis, sight: Sight) -> Answer:
    """Answer one look about one claim."""
    return _JUDGES[type(look)](look, claim, sight)


def wants(look: AnyLook, claim: Hypothesis, sight: Sight) -> tuple[Want, ...]:
    """What would have to be asked before this look can be answered."""
    match look:
        case Logs():
            places = _places(look.of, claim, sight)
            return tuple(Want("logs", place) for place in places if _has_logs(place, sight))
        case Happened():
            places = _places(look.of, claim, sight)
            return tuple(Want("happenings", p) for p in places if _tells(p, sight))
        case OneZone():
            places = _places(look.of, claim, sight)
            return tuple(Want("zones", place) for place in places if _balanced(place, sight))
        case SameHour() if any(sight.shift(claim.where, signal) for signal in look.signals):
            return tuple(Want("series", claim.where, days) for days in EARLIER)
        case Differs() if claim.trigger is not None and claim.trigger.after:
            return (Want("revision", claim.where),) if sight.read("revision", claim.where) else ()
        case Explained():
            logs = "external" in look.kinds and _outside(claim.where, sight)
            traces = (Want("traces", claim.where),) if sight.traced(claim.where) else ()
            return (*traces, *((Want("logs", claim.where),) if logs else ()))
        case _:
            return ()


def _has_logs(place: str, sight: Sight) -> bool:
    resource = sight.topology.find(place)
    return resource is not None and bool(resource.attributes.get("log_group"))


def _tells(place: str, sight: Sight) -> bool:
    """Whether the platform has events of a place that we can ask for."""
    return _kind(place, sight) in (*RUNNING, "database") and bool(sight.read("happenings", place))


def _balanced(place: str, sight: Sight) -> bool:
    resource = sight.topology.find(place)
    return resource is not None and bool(resource.attributes.get("load_balancer"))


def _kind(place: str, sight: Sight) -> str:
    resource = sight.topology.find(place)
    return resource.kind if resource else "unknown"


def _outside(place: str, sight: Sight) -> tuple[str, ...]:
    return tuple(c for c in sight.topology.callees(place) if _kind(c, sight) == "external")


def applies(look: AnyLook, claim: Hypothesis, sight: Sight) -> bool:
    """Whether there is anything this look could look at."""
    return bool(_places(getattr(look, "of", "self"), claim, sight))


def _places(of: str, claim: Hypothesis, sight: Sight) -> tuple[str, ...]:
    where, topology = claim.where, sight.topology
    match of:
        case "self":
            return (where,)
        case "callers":
            return topology.callers(where)
        case "callees":
            return topology.callees(where)
        case "visited":
            resource = topology.find(where)
            visits = resource.attributes.get("visits", "") if resource else ""
            return (visits,) if topology.find(visits) else ()
        case "queues":
            return tuple(c for c in topology.callers(where) if _kind(c, sight) == "queue")
        case "entries":
            # Where what people ask for comes in: calls further down are repeated when they fail.
            above = sorted({where, *sight.above(where)})
            return tuple(a for a in above if _kind(a, sight) in RUNNING and not _asked_by_ours(a, sight))
        case "stores" | "caches":
            beside = [store for caller in topology.callers(where) for store in topology.callees(caller)]
            kind = {"stores": "database", "caches": "cache"}[of]
            return tuple(dict.fromkeys(s for s in beside if _kind(s, sight) == kind and s != where))
        case _:
            return (sight.symptom,) if sight.symptom else ()


def _asked_by_ours(place: str, sight: Sight) -> bool:
    return any(_kind(caller, sight) in (*RUNNING, "queue") for caller in sight.topology.callers(place))


# -- series


def _shift(look: Shift, claim: Hypothesis, sight: Sight) -> Answer:
    pairs = [(place, signal) for place in _places(look.of, claim, sight) for signal in look.signals]
    for place, signal in pairs:
        shift = sight.shift(place, signal)
        if shift is not None and shift.direction == look.direction and _timely(look, shift, sight):
            return _moved(shift, sight)
        if look.stops and (ended := _ended(place, signal, sight)):
            return ended
    return _still(pairs, sight)


def _timely(look: Shift, shift: Deviation, sight: Sight) -> bool:
    return sight.in_time(shift) or bool(look.early and sight.onset and shift.onset <= sight.onset)


def _ended(place: str, signal: Signal, sight: Sight) -> Answer | None:
    """Whether a series ended with the onset."""
    one = sight.series.get((place, signal))
    newest = one.newest if one else None
    if one is None or newest is None or sight.onset is None or not statistics.stopped(one):
        return None
    if abs(newest - sight.onset) > sight.slack + 2 * TOLERANCE:
        return None
    text = f"{place} {words.signal(signal)} ended at {words.clock(newest)}"
    return Answer("yes", text, one.source, one.link, (sight.queries[place, signal],), one)


def _moved(shift: Deviation, sight: Sight) -> Answer:
    key = (shift.service, shift.signal)
    return Answer(
        "yes",
        words.moved(shift),
        shift.source,
        shift.link,
        (sight.queries[key],),
        sight.series[key],
    )


def _still(pairs: list[tuple[str, Signal]], sight: Sight) -> Answer:
    """Nothing moved as asked, if we can see it; unknown where we cannot see all of what there is."""
    seen = [pair for pair in pairs if sight.known(*pair)]
    if not seen or any(pair in sight.series and pair not in seen for pair in pairs):
        return Answer("unknown")
    moved = [words.moved(shift) for pair in seen if (shift := sight.shift(*pair)) is not None]
    still = dict.fromkeys(f"{place} {words.signal(s)}" for place, s in seen if sight.shift(place, s) is None)
    usual = [f"{words.listed(tuple(still))} stayed as usual"] if still else []
    first = sight.series[seen[0]]
    queries = tuple(dict.fromkeys(sight.queries[pair] for pair in seen))
    return Answer("no", "; ".join([*usual, *moved]), first.source, first.link, queries, first)


def _calm(look: Calm, claim: Hypothesis, sight: Sight) -> Answer:
    pairs = [(place, signal) for place in _places(look.of, claim, sight) for signal in look.signals]
    for place, signal in pairs:
        shift = sight.shift(place, signal)
        if shift is None or shift.over:
            continue
        idle = look.idle and shift.direction == "down"
        text, queries = words.moved(shift), (sight.queries[place, signal],)
        return Answer("yes" if idle else "no", text, shift.source, shift.link, queries)
    answer = _still(pairs, sight)
    return answer if answer.says == "unknown" else replace(answer, says="yes")


def _leads(look: Leads, claim: Hypothesis, sight: Sight) -> Answer:
    for place in _places(look.of, claim, sight):
        if not sight.known(place, look.signal):
            continue
        shift = sight.shift(place, look.signal)
        if shift is None or shift.direction != look.direction:
            return _still([(place, look.signal)], sight)
        effects = [s for s in _effects(place, claim, sight) if s.signal is not look.signal]
        first = min(effects, key=lambda s: s.onset, default=None)
        if first is None and not _noticed(place, sight):
            return Answer("unknown")
        if first is None or shift.onset <= first.onset + timedelta(seconds=shift.slack):
            after = f", before or with {words.signal(first.signal)}" if first else ""
            return replace(_moved(shift, sight), finding=words.moved(shift) + after)
        return Answer("no", f"{words.moved(shift)}, after {words.moved(first)}", shift.source, shift.link)
    return Answer("unknown")


def _effects(place: str, claim: Hypothesis, sight: Sight) -> list[Deviation]:
    """What users of a place notice: at the place itself, or where nobody measures that, at its callers."""
    for name in ((place,), sight.topology.callers(place), (sight.symptom,)):
        found = [s for one in name for signal in FACING if (s := sight.shift(one, signal)) is not None]
        if found:
            return found
    return []


def _noticed(place: str, sight: Sight) -> bool:
    """Whether anything that users of a place notice can be seen at all."""
    places = (place, *sight.topology.callers(place), sight.symptom)
    return any(sight.known(one, signal) for one in places for signal in FACING)


def _shape(look: Shape, claim: Hypothesis, sight: Sight) -> Answer:
    for place in _places(look.of, claim, sight):
        key = (place, look.signal)
        if not sight.known(*key):
            continue
        one = sight.series[key]
        fits, finding = _SHAPES[look.shape](one)
        text = f"{place} {words.signal(look.signal)} {finding if fits else f'shows no {look.shape}'}"
        return Answer("yes" if fits else "no", text, one.source, one.link, (sight.queries[key],), one)
    return Answer("unknown")


def _sawtooth(one: Series) -> tuple[bool, str]:
    falls = statistics.sawtooth(one)
    return falls >= 1, f"climbed and fell sharply {falls} times" if falls > 1 else "climbed and fell sharply"


def _climb(one: Series) -> tuple[bool, str]:
    return statistics.climb(one) >= 3.0, "climbs steadily"


def _plateau(one: Series) -> tuple[bool, str]:
    return statistics.plateau(one), "sits flat at its highest level"


_SHAPES: dict[str, Callable[[Series], tuple[bool, str]]] = {
    "sawtooth": _sawtooth,
    "climb": _climb,
    "plateau": _plateau,
}


def _same_hour(look: SameHour, claim: Hypothesis, sight: Sight) -> Answer:
    usual: list[tuple[str, str, Series]] = []
    for days in EARLIER:
        query, then = sight.earlier(claim.where, days)
        for signal in look.signals:
            one = then.get(signal)
            now = sight.shift(claim.where, signal)
            if one is None or one.empty or now is None:
                continue
            before = statistics.deviation(one, None)
            if before is not None and before.direction == now.direction and _same(before, now, days):
                text = f"{words.moved(before)} {words.ago(days)}, too"
                return Answer("yes", text, HISTORY, one.link, (query,), one)
            usual.append((query, f"{words.signal(signal)} {words.ago(days)}", one))
    if not usual:
        return Answer("unknown")
    names = words.listed(tuple(name for _, name, _ in usual))
    text = f"{claim.where} {names} stayed as usual at that hour"
    queries = tuple(dict.fromkeys(query for query, _, _ in usual))
    return Answer("no", text, HISTORY, usual[0][2].link, queries, usual[0][2])


def _same(then: Deviation, now: Deviation, days: int) -> bool:
    return abs(then.onset + timedelta(days=days) - now.onset) <= SAME_HOUR


# -- changes


def _change(look: ChangeLook, claim: Hypothesis, sight: Sight) -> Answer:
    if sight.onset is None:
        return Answer("unknown")
    if claim.trigger is not None:
        return _blamed(look, claim, sight)
    return _any_change(look, claim, sight)


def _blamed(look: ChangeLook, claim: Hypothesis, sight: Sight) -> Answer:
    change, onset = claim.trigger, sight.onset
    if change is None or onset is None:
        return Answer("unknown")
    ahead = (onset - change.at).total_seconds()
    latest = max(sight.slack, TOLERANCE / 2).total_seconds()
    what = f"{change.summary} at {words.clock(change.at)}"
    if look.when == "after":
        late = ahead < -latest
        text = f"{what}, {words.span(-ahead)} after the onset" if late else f"{what}, not after the onset"
        return Answer("yes" if late else "no", text, change.source, change.link)
    fits = -latest <= ahead <= look.within * 60
    when = "at the onset" if abs(ahead) <= latest else f"{words.span(abs(ahead))} {_side(ahead)} the onset"
    return Answer("yes" if fits else "no", f"{what}, {when}", change.source, change.link)


def _side(ahead: float) -> str:
    return "before" if ahead > 0 else "after"


def _any_change(look: ChangeLook, claim: Hypothesis, sight: Sight) -> Answer:
    """For claims that blame no change: is there one at the place that they would have to explain away?"""
    places = {claim.where, *sight.topology.callers(claim.where)} if look.when == "before" else {claim.where}
    onset = sight.onset
    if onset is None:
        return Answer("unknown")
    for change in sight.changes:
        ahead = (onset - change.at).total_seconds()
        loose = look.unplaced and sight.topology.find(change.service) is None
        here = (change.service in places or loose) and change.kind in look.kinds
        latest = {"before": ahead >= -60, "after": ahead < -60, "none": True}[look.when]
        inside = latest and ahead <= look.within * 60
        if here and inside:
            text = f"{change.summary} at {words.clock(change.at)}"
            return Answer("no" if look.when == "none" else "yes", text, change.source, change.link)
    if not sight.recorded:
        return Answer("unknown")
    text = f"nothing of that kind changed on {words.listed(tuple(sorted(places)))}"
    return Answer("yes" if look.when == "none" else "no", text, "changes")


def _differs(look: Differs, claim: Hypothesis, sight: Sight) -> Answer:
    blamed = claim.trigger
    change = next((c for c in sight.changes if blamed is not None and c.id == blamed.id), None)
    if change is None or change.differences is None:
        return Answer("unknown")
    differs = change.differences

    def some(prefixes: tuple[str, ...]) -> bool:
        return any(d.startswith(prefix) for d in differs for prefix in prefixes)

    fits = some(look.has) and not (look.lacks and some(look.lacks))
    what = words.listed(differs) if differs else "nothing"
    return Answer(
        "yes" if fits else "no",
        f"{change.before} and {change.after} differ in {what}",
        "ecs:task-definition",
    )


def _accused_of(_look: Blamed, claim: Hypothesis, sight: Sight) -> Answer:
    """Whether the blamed change is believed most, none among those that could be."""
    found, none = blame.accused(sight)
    if claim.trigger is None or none is None:
        return Answer("unknown")
    mine = next((one for one in found if one.change.id == claim.trigger.id), None)
    what = f"“{claim.trigger.summary[:120]}”"
    if mine is None or not mine.matches:
        return Answer("no", f"nothing in {what} explains the symptom", claim.trigger.source)
    said = f"{what} changed {mine.matches[0].changed[:120]}: {mine.matches[0].because}"
    best = mine is found[0] and mine.belief > none
    return Answer("yes" if best else "no", said, claim.trigger.source, claim.trigger.link)


def _complained(_look: Complained, claim: Hypothesis, sight: Sight) -> Answer:
    found, _ = blame.accused(sight)
    mine = next((one for one in found if claim.trigger and one.change.id == claim.trigger.id), None)
    if mine is None or not mine.matches:
        return Answer("unknown")
    match = mine.matches[0]
    return Answer("yes", f"{match.seen} ({match.changed[:80]})", match.source)


# -- logs and platform events


def _logs(look: Logs, claim: Hypothesis, sight: Sight) -> Answer:
    places = [p for p in _places(look.of, claim, sight) if _has_logs(p, sight)]
    read = [(place, patterns) for place in places if (patterns := sight.logs(place)) is not None]
    match = look.match.replace("{where}", re.escape(claim.where))
    for place, patterns in read:
        fitting = [p for p in patterns if _fits(p, look, match)]
        if look.own:
            fitting = [p for p in fitting if not _passed_on(p, place, sight)]
        if fitting:
            best = max(fitting, key=lambda p: p.count)
            return Answer("yes", _said(place, best), best.source, best.link, _log_queries(place, sight))
    if not read or len(read) < len(places):
        return Answer("unknown")
    names = words.listed(tuple(place for place, _ in read))
    said = f"{names} logged nothing new that says so"
    return Answer("no", said, f"logs:{read[0][0]}", "", _log_queries(read[0][0], sight))


def _fits(pattern: LogPattern, look: Logs, match: str) -> bool:
    text = f"{pattern.template} {pattern.example}"
    if pattern.level not in look.levels and not match:
        return False
    if match and not re.search(match, text):
        return False
    many = pattern.count >= (2 if match else MANY)
    fresh = pattern.novel if look.newness == "new" else pattern.novel or pattern.growth >= GROWTH
    return many and fresh


_CALLING = re.compile(
    r"(?i)upstream|time[d-]?[ -]?out|refused|unavailable|reset by peer|bad gateway|no route|\b50[234]\b"
)


def _passed_on(pattern: LogPattern, place: str, sight: Sight) -> bool:
    """Whether a line only says that a call to something the place needs went wrong."""
    text = f"{pattern.template} {pattern.example}"
    named = any(re.search(rf"(?<![\w.]){re.escape(c)}(?![\w])", text) for c in sight.topology.callees(place))
    return named and bool(_CALLING.search(text))


def _said(place: str, pattern: LogPattern) -> str:
    often = "new" if pattern.novel else f"{pattern.growth:.0f} times as often as before"
    return f"{place} logs “{pattern.example[:140]}” ({pattern.count} times, {often})"


def _log_queries(place: str, sight: Sight) -> tuple[str, ...]:
    query = sight.asked("logs", service=place)
    return (query.id,) if query else ()


def _happened(look: Happened, claim: Hypothesis, sight: Sight) -> Answer:
    places = [p for p in _places(look.of, claim, sight) if _tells(p, sight)]
    for place in places:
        told = sight.happenings(place)
        if told is None:
            continue
        hits = [h for h in told if h.kind == look.kind]
        action = sight.read("happenings", place)
        query = sight.asked(action, service=place)
        queries = (query.id,) if query else ()
        if len(hits) >= look.least:
            last = hits[-1]
            text = f"{place}: {len(hits)} × {last.text} (last at {words.clock(last.at)})"
            return Answer("yes", text, last.source, last.link, queries)
        what = look.kind.replace("_", " ")
        platform = action.partition("_")[0]
        said = f"{words.platform(action)} reports no {what} of {place}"
        return Answer("no", said, f"{platform}:{place}", "", queries)
    return Answer("unknown")


# -- the neighbourhood


def _callers(look: Callers, claim: Hypothesis, sight: Sight) -> Answer:
    callers = sight.topology.callers(claim.where)
    hurt = [c for c in callers if any(sight.in_time(s) for s in sight.trouble(c))]
    if len(hurt) >= look.least:
        return Answer("yes", f"{words.listed(tuple(hurt))} wait for it", "topology")
    if not callers or not all(_watchable(c, sight) for c in callers):
        return Answer("unknown")
    return Answer("no", f"{len(hurt)} of {len(callers)} callers are in trouble", "topology")


def _called(_look: Called, claim: Hypothesis, sight: Sight) -> Answer:
    callers = [c for c in sight.topology.callers(claim.where) if _kind(c, sight) != "queue"]
    if callers:
        return Answer("yes", f"its load comes through {words.listed(tuple(callers))}", "topology")
    return Answer("no", f"nothing of ours calls {claim.where}", "topology")


def _explained(look: Explained, claim: Hypothesis, sight: Sight) -> Answer:
    """Is something below in trouble no later than the place, so that the place only passes it on?"""
    queues = [c for c in sight.topology.callers(claim.where) if _kind(c, sight) == "queue"]
    own = [s for name in (claim.where, *queues) for s in sight.trouble(name) if sight.in_time(s)]
    if not own:
        return Answer("unknown")
    began = min(s.onset for s in own)
    below = [c for c in sight.topology.callees(claim.where) if _kind(c, sight) in look.kinds]
    if (answer := _failing_below(claim.where, look, sight)) is not None:
        return answer
    for callee in below:
        if _kind(callee, sight) == "external":
            answer = _external_trouble(callee, claim, sight)
            if answer is not None:
                return answer
        for shift in sight.trouble(callee):
            if sight.in_time(shift) and shift.onset <= began + TOLERANCE:
                return Answer(
                    "yes",
                    words.moved(shift),
                    shift.source,
                    shift.link,
                    (sight.queries[callee, shift.signal],),
                )
    seen = [c for c in below if _kind(c, sight) != "external"]
    if not below:
        return Answer("no", f"{claim.where} needs nothing of that kind", "topology")
    read = len(seen) == len(below) or sight.logs(claim.where) is not None
    if not read or not all(_watchable(c, sight) for c in seen):
        return Answer("unknown")
    return Answer(
        "no", f"{words.listed(tuple(seen or below))} below {claim.where} stayed as usual", "topology"
    )


def _failing_below(where: str, look: Explained, sight: Sight) -> Answer | None:
    """Whether most of a place's failed traces end in something that it needs."""
    query, traces, causes = sight.traces(where)
    below = sight.topology.downstream(where)[1:]
    for place, count in causes.items():
        if place in below and _kind(place, sight) in look.kinds and count > traces * MOSTLY:
            text = f"{count} of {traces} failed traces of {where} end in {place}"
            return Answer("yes", text, "xray", queries=(query,))
    return None


def _external_trouble(host: str, claim: Hypothesis, sight: Sight) -> Answer | None:
    patterns = sight.logs(claim.where) or ()
    look = Logs(look="logs", match=re.escape(host), newness="more")
    fitting = [p for p in patterns if _fits(p, look, look.match)]
    if not fitting:
        return None
    best = max(fitting, key=lambda p: p.count)
    return Answer("yes", _said(claim.where, best), best.source, best.link, _log_queries(claim.where, sight))


def _tasks(look: Tasks, claim: Hypothesis, sight: Sight) -> Answer:
    for place in _places(look.of, claim, sight):
        resource = sight.topology.find(place)
        if resource is not None and resource.kind == "function" and look.state == "behind":
            return _shift(Shift(look="shift", signals=(Signal.THROTTLES,)), claim, sight)
        if resource is None or "desired" not in resource.attributes:
            continue
        running, desired = int(resource.attributes["running"]), int(resource.attributes["desired"])
        fits = running == 0 if look.state == "none" else running < desired
        return Answer("yes" if fits else "no", f"{place} runs {running} of {desired} tasks", f"ecs:{place}")
    return Answer("unknown")


# -- is it an incident at all?


def _alarm_edited(_look: AlarmEdited, claim: Hypothesis, sight: Sight) -> Answer:
    mine = [a for a in sight.alarms if a.service == claim.where and a.state == "alarm"]
    if not mine:
        return Answer("unknown" if not sight.alarms else "no", f"no alarm on {claim.where} is firing")
    for alarm in mine:
        if alarm.edited_at and timedelta(0) <= alarm.since - alarm.edited_at <= timedelta(hours=1):
            ahead = words.span((alarm.since - alarm.edited_at).total_seconds())
            text = f"alarm {alarm.name} was edited at {words.clock(alarm.edited_at)}, {ahead} before it fired"
            return Answer("yes", text, alarm.source, alarm.link)
    return Answer("no", f"alarm {mine[0].name} was not edited before it fired", mine[0].source)


def _quiet(_look: Quiet, claim: Hypothesis, sight: Sight) -> Answer:
    facing = [key for key in sight.series if key[1] in FACING]
    for service, signal in facing:
        shift = sight.shift(service, signal)
        if shift is not None and not shift.over and shift.direction == "up":
            return Answer("no", words.moved(shift), shift.source, shift.link)
    seen = _watchable(claim.where, sight)
    if not seen:
        return Answer("unknown")
    return replace(_still(seen, sight), says="yes")


def _watchable(place: str, sight: Sight) -> list[tuple[str, Signal]]:
    """The signals of a place that would show trouble, as far as they can be seen."""
    signals = (signal for signal, _ in TROUBLE.get(_kind(place, sight), ()))
    return [(place, signal) for signal in signals if sight.seen(place, signal)]


def _troubled(_look: Troubled, claim: Hypothesis, sight: Sight) -> Answer:
    lasting = [shift for shift in sight.trouble(claim.where) if not shift.over]
    if lasting:
        return _moved(lasting[0], sight)
    return _still(_watchable(claim.where, sight), sight)


def _healed(_look: Healed, claim: Hypothesis, sight: Sight) -> Answer:
    shifts = [s for key in sight.series if key[1] in FACING and (s := sight.shift(*key)) is not None]
    bad = [s for s in shifts if s.direction == "up"]
    lasting = [s for s in bad if not s.over]
    if lasting:
        return Answer("no", words.moved(lasting[0]), lasting[0].source, lasting[0].link)
    here = [s for s in bad if s.service == claim.where]
    if here:
        return Answer("yes", f"{words.moved(here[0])} and has come back since", here[0].source, here[0].link)
    if not any(sight.known(claim.where, signal) for signal in FACING):
        return Answer("unknown")
    return Answer("no", f"nothing that users of {claim.where} notice had left its baseline", "series")


def _silent(_look: Silent, claim: Hypothesis, sight: Sight) -> Answer:
    mine = [one for (service, _), one in sight.series.items() if service == claim.where and not one.empty]
    others = [one for (service, _), one in sight.series.items() if service != claim.where]
    stopped = [one for one in mine if statistics.stopped(one)]
    if len(stopped) >= 2 and any(not statistics.stopped(one) and not one.empty for one in others):
        text = f"{len(stopped)} series of {claim.where} stopped while others go on"
        return Answer("yes", text, stopped[0].source, stopped[0].link)
    return Answer("no" if mine else "unknown", f"the series of {claim.where} go on", "series")


UNEVEN, WORSE = 0.02, 4.0
"""The share of errors from which a zone is bad, and how many times that of the others it has to be."""


def _one_zone(look: OneZone, claim: Hypothesis, sight: Sight) -> Answer:
    told = [_uneven(place, sight) for place in _places(look.of, claim, sight)]
    known = [answer for answer in told if answer.says != "unknown"]
    return next(
        (answer for answer in known if answer.says == "yes"), known[0] if known else Answer("unknown")
    )


def _uneven(place: str, sight: Sight) -> Answer:
    """Whether one zone of a place is far worse than its others."""
    query, zones = sight.zones(place)
    rates = {zone: errors / requests for zone, (requests, errors) in zones.items() if requests >= MANY}
    if query is None or len(rates) < 2:
        return Answer("unknown")
    worst = max(rates, key=lambda zone: rates[zone])
    others = max(rate for zone, rate in rates.items() if zone != worst)
    fits = rates[worst] >= UNEVEN and rates[worst] >= WORSE * others
    said = f"{words.amount(rates[worst], 'ratio')} of the requests to {place} in {worst} fail"
    text = f"{said}, elsewhere at most {words.amount(others, 'ratio')}"
    return Answer("yes" if fits else "no", text, f"zones:{place}", "", (query,))


_JUDGES: dict[type, Callable[[Any, Hypothesis, Sight], Answer]] = {
    Shift: _shift,
    Calm: _calm,
    Leads: _leads,
    ChangeLook: _change,
    Differs: _differs,
    Logs: _logs,
    Happened: _happened,
    Shape: _shape,
    Callers: _callers,
    Called: _called,
    Explained: _explained,
    Tasks: _tasks,
    AlarmEdited: _alarm_edited,
    Quiet: _quiet,
    Troubled: _troubled,
    Healed: _healed,
    Silent: _silent,
    SameHour: _same_hour,
    OneZone: _one_zone,
    Blamed: _accused_of,
    Complained: _complained,
}


def kinds() -> Iterable[type]:
    """Every kind of look that can be answered; a test holds it against the catalogue."""
    return _JUDGES
