"""Which claims are worth testing: every suspicious place with every failure mode that fits what is known."""

from datetime import datetime, timedelta

from workers.agent import blame, steering, words
from workers.agent.catalogue import AnyLook, Mode, modes
from workers.agent.looks import applies, judge, wants
from workers.agent.sight import TOLERANCE, Sight
from workers.domain.hypothesis import Hypothesis
from workers.domain.telemetry import Change, Resource

FIRST, LATER = 5, 3
LEAST_PRIOR = 0.03
PER_PLACE = 3
POINTED = 0.5
"""The least prior of a claim about a place that somebody asked to look at: it is tested among the first."""
ACCUSED = 2
"""Changes whose text is known that are tested, the likeliest first."""

# How much a look that can be answered already moves the prior.
CONFIRMS = {"strong": 4.0, "weak": 1.8, "none": 1.0}
ABSENT = {"strong": 0.1, "weak": 0.5, "none": 1.0}
# Nothing that could be asked would show what the claim cannot do without.
BLIND = 0.15
REFUTES = {"strong": 0.1, "weak": 0.5, "none": 1.0}


def proposals(sight: Sight) -> tuple[Hypothesis, ...]:
    """The most promising claims that have not been made; the tempting ones among them, to be struck out."""
    made = {_claim(h) for h in sight.case.tree.nodes}
    found = [h for h in _candidates(sight) if _claim(h) not in made]
    found.sort(key=lambda h: -h.prior)
    first = not sight.case.tree.nodes
    likely = [h for h in found if h.prior >= LEAST_PRIOR]
    # What only says that there is trouble comes last: it would stand before anything narrower was tried.
    narrow = [h for h in likely if not modes()[h.mode].generic]
    chosen = _chosen(narrow or likely, FIRST if first else LATER)
    if first:
        chosen = _with_tempting(chosen, found)
    count = len(sight.case.tree.nodes)
    return tuple(h.model_copy(update={"id": f"h{count + i}"}) for i, h in enumerate(chosen, 1))


def _claim(hypothesis: Hypothesis) -> tuple[str, str, str]:
    trigger = hypothesis.trigger
    return hypothesis.where, hypothesis.mode, trigger.id if trigger else ""


def _chosen(ranked: list[Hypothesis], most: int) -> list[Hypothesis]:
    chosen: list[Hypothesis] = []
    for hypothesis in ranked:
        here = sum(1 for h in chosen if h.where == hypothesis.where)
        if len(chosen) < most and here < PER_PLACE:
            chosen.append(hypothesis)
    return chosen


def _with_tempting(chosen: list[Hypothesis], found: list[Hypothesis]) -> list[Hypothesis]:
    """A deployment near the onset is what everybody suspects: it is tested even when it looks innocent."""
    tested = {h.trigger.id for h in chosen if h.trigger}
    tempting = [
        h
        for h in found
        if h.mode == "bad_deployment" and h.trigger is not None and h.trigger.id not in tested
    ]
    room = max(1, FIRST - len(chosen))
    return (chosen[: FIRST - min(room, len(tempting))] if tempting else chosen) + tempting[:room]


def _candidates(sight: Sight) -> list[Hypothesis]:
    wanted = steering.wanted(sight.case, sight.topology)
    return [
        hypothesis.model_copy(update={"prior": max(hypothesis.prior, POINTED)})
        if place.name in wanted
        else hypothesis
        for place in places(sight)
        for mode in modes().values()
        if place.kind in mode.kinds and _fits(mode, place, sight)
        for hypothesis in _claims(mode, place, sight)
        if steering.left(sight.case, hypothesis, sight.topology) is None
    ]


def _fits(mode: Mode, place: Resource, sight: Sight) -> bool:
    """Whether what the mode cannot do without exists here at all (a consumer has a queue)."""
    draft = claim(mode, place.name, None)
    return all(applies(look, draft, sight) for look in mode.confirm if look.absent == "strong")


def places(sight: Sight) -> tuple[Resource, ...]:
    """Where the cause may be: where people point, what is in trouble or needed, what was changed lately."""
    start = sight.symptom
    hurt = [a.service for a in sight.case.facts.affected] if sight.case.facts else []
    roots = dict.fromkeys([start, *hurt])
    reach = [n for root in roots if root for n in sight.topology.downstream(root)]
    changed = [c.service for c in _near(sight)]
    names = dict.fromkeys([*steering.wanted(sight.case, sight.topology), *reach, *changed])
    found = (sight.topology.find(name) for name in names)
    return tuple(resource for resource in found if resource is not None)


def _near(sight: Sight) -> tuple[Change, ...]:
    """Deployments that somebody could blame: up to four hours before the onset, and shortly after it."""
    onset = sight.onset or sight.case.incident.at
    told = any(c.kind == "commit" for c in sight.changes)
    return tuple(
        c
        for c in sight.changes
        # A deployment whose commits are told as changes of their own is tested by them.
        if c.kind == "deployment"
        and not (told and c.commit)
        and timedelta(hours=-4) <= c.at - onset <= timedelta(minutes=25)
    )


def _claims(mode: Mode, place: Resource, sight: Sight) -> list[Hypothesis]:
    if mode.trigger == "commit":
        found = [one for one in blame.accused(sight)[0][:ACCUSED] if one.service == place.name]
        return [_hypothesis(mode, place, one.change, sight) for one in found]
    if mode.trigger != "deployment":
        return [_hypothesis(mode, place, None, sight)]
    within = max((look.within for look in mode.confirm if look.look == "change"), default=30)
    onset = sight.onset or sight.case.incident.at
    here = [c for c in _near(sight) if c.service == place.name]
    return [_hypothesis(mode, place, change, sight) for change in here if _in_reach(change, onset, within)]


def _in_reach(change: Change, onset: datetime, within: int) -> bool:
    return timedelta(minutes=-within) <= change.at - onset <= timedelta(minutes=25)


def _hypothesis(mode: Mode, place: Resource, trigger: Change | None, sight: Sight) -> Hypothesis:
    draft = claim(mode, place.name, trigger)
    return draft.model_copy(update={"prior": prior(mode, draft, sight)})


def claim(mode: Mode, where: str, trigger: Change | None) -> Hypothesis:
    """A claim of this mode about this place, worded, with what would confirm and what would refute it."""
    return Hypothesis(
        id="",
        where=where,
        mode=mode.id,
        trigger=trigger,
        statement=filled(mode.statement, where, trigger),
        confirms=tuple(asked(look) for look in mode.confirm),
        refutes=tuple(asked(look) for look in mode.refute),
    )


def filled(template: str, where: str, trigger: Change | None) -> str:
    """A row's sentence with its names; what is not known yet is left vague."""
    differences = trigger.differences if trigger else None
    return template.format(
        where=where,
        revision=(trigger.after if trigger else "") or "its last revision",
        before=(trigger.before if trigger else "") or "the revision before",
        differences=words.listed(tuple(d.split(".", 1)[-1] for d in differences))
        if differences
        else "its settings",
    )


def prior(mode: Mode, hypothesis: Hypothesis, sight: Sight) -> float:
    """How promising a claim is, from the looks that can be answered without asking anything more."""
    odds = mode.base
    for look in mode.confirm:
        says = judge(look, hypothesis, sight).says
        blind = BLIND if look.absent == "strong" and not wants(look, hypothesis, sight) else 1.0
        odds *= {"yes": CONFIRMS[look.weight], "no": ABSENT[look.absent], "unknown": blind}[says]
    for look in mode.refute:
        if judge(look, hypothesis, sight).says == "yes":
            odds *= REFUTES[look.weight]
    return round(min(1.0, odds * _standing(hypothesis.where, sight)), 4)


def _standing(place: str, sight: Sight) -> float:
    """Causes are where trouble has no trouble below it; what only passes trouble on is no such place."""
    own = [s for s in sight.trouble(place) if sight.in_time(s)]
    if not own:
        return 1.0
    began = min(s.onset for s in own)
    below = [
        s
        for callee in sight.topology.callees(place)
        for s in sight.trouble(callee)
        if sight.in_time(s) and s.onset <= began + TOLERANCE
    ]
    return 0.4 if below else 2.0


def asked(look: AnyLook) -> str:
    """A look in words, as a hypothesis states beforehand what it expects."""
    of = getattr(look, "of", "self")
    place = {
        "self": "it",
        "callers": "its callers",
        "callees": "what it needs",
        "queues": "its queue",
        "visited": "what it visits",
        "entries": "what people ask first",
    }.get(of, f"its {of}")
    match look.look:
        case "shift":
            names = " or ".join(words.signal(s) for s in look.signals)
            return f"{names} of {place} went {look.direction}"
        case "calm":
            return f"{' and '.join(words.signal(s) for s in look.signals)} of {place} as usual"
        case "leads":
            return f"{words.signal(look.signal)} of {place} moved first"
        case "change":
            return {
                "before": "a change shortly before the onset",
                "after": "the change came after the onset",
            }.get(look.when, "no change near the onset")
        case "logs":
            return f"{place} logs something {look.newness} that says so"
        case "happened":
            return f"the platform reports {look.kind.replace('_', ' ')}"
        case "shape":
            return f"{words.signal(look.signal)} shows a {look.shape}"
        case "explained":
            return f"a {' or '.join(look.kinds)} it needs was in trouble first"
        case "blamed":
            return "what the change altered explains the symptom, and better than any other change"
        case "complained":
            return "telemetry complains of what the change altered"
        case "one_zone":
            return "the errors come from one availability zone"
        case "same_hour":
            return f"{' or '.join(words.signal(s) for s in look.signals)} of it did so on earlier days, too"
        case "quiet":
            return "nothing that users notice left its baseline"
        case "troubled":
            return "it is in trouble"
        case "differs":
            return f"the revision differs in {' or '.join(look.has)}"
        case _:
            return look.look.replace("_", " ")
