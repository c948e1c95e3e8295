"""Several accounts and regions, asked as if they were one.

A question about a thing goes to where the thing is, one about everything goes everywhere at once. Names
that several places know are told apart by the place: `checkout@prod/eu-west-1`. What one place cannot tell is
a gap.
"""

import re
from collections import Counter
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass, replace
from difflib import get_close_matches
from functools import partial
from typing import Any, cast

from pydantic import BaseModel, create_model

from workers.domain.call import PLACE, Gap, StateData, ToolData, TopologyData
from workers.domain.errors import AccessDenied, Refused, RunbookError
from workers.domain.telemetry import Resource, Topology
from workers.tools.action import Action, Answer, Target, Toolset
from workers.tools.inventory import Account

AT = "@"
"""Stands between a name and its place."""
REGION = re.compile(r"\b[a-z]{2}(?:-[a-z]+)+-\d\b")
ACCOUNT = re.compile(r"\b(?:in|of|from|on) (?:the )?([a-z0-9][a-z0-9-]*)")
ABOUT = ("service", "group", "function")
"""Arguments that name the one thing that a call is about."""


class Places:
    """Every account and region that Runbook looks at; the first is meant where nothing else is said."""

    def __init__(self, accounts: tuple[Account, ...]) -> None:
        self.accounts = accounts

    @property
    def first(self) -> Account:
        return self.accounts[0]

    @property
    def homes(self) -> tuple[Account, ...]:
        """One place of each account."""
        return tuple(one for one in self.accounts if one.home)

    def at(self, place: str) -> Account:
        """The one place of this name; it needs none where there is one only. Raises `Refused`."""
        found = self.within(place)
        if len(found) == 1:
            return found[0]
        raise Refused(f"it is not said where: {place or 'several places'}", f"There are: {self._known}.")

    def spoken(self, text: str) -> str:
        """The place that plain words name (“buckets in eu-west-1”): any region, or one of our accounts."""
        said = text.lower()
        if (region := REGION.search(said)) is not None:
            return region.group()
        accounts = {one.name.partition("/")[0] for one in self.accounts if "/" in one.name}
        named = (found.group(1) for found in ACCOUNT.finditer(said) if found.group(1) in accounts)
        return next(named, "")

    def within(self, place: str) -> tuple[Account, ...]:
        """The places that a name is of, an account's or a region's; all where none is named.

        Raises `Refused` with the nearest names.
        """
        found = tuple(one for one in self.accounts if one.called(place))
        if found:
            return found
        names = sorted({part for one in self.accounts for part in (one.name, *one.name.split("/"))})
        near = get_close_matches(place.lower(), names, n=3, cutoff=0.6)
        mend = f"Near it: {', '.join(near)}." if near else f"There are: {self._known}."
        raise Refused(
            f"Runbook does not look at {place[:80]!r}",
            f"{mend} providers.aws.regions and .accounts add more.",
        )

    @property
    def _known(self) -> str:
        return ", ".join(one.name for one in self.accounts)

    def everywhere(self, ask: Callable[["Account"], Any]) -> list[Any]:
        """What `ask` gives of each place, all asked at the same time."""
        return _at_once([partial(ask, one) for one in self.accounts])

    def shared(self) -> frozenset[str]:
        """Names that more than one place knows; what is outside of AWS is the same thing everywhere."""
        if len(self.accounts) == 1:
            return frozenset()
        known = self.everywhere(lambda one: {r.name for r in one.inventory().topology.resources if _own(r)})
        counts = Counter(name for names in known for name in names)
        return frozenset(name for name, count in counts.items() if count > 1)

    def home(self, name: str) -> tuple[Account, str]:
        """Where a thing is, and its name there; the first place where none knows it."""
        plain, _, place = name.partition(AT)
        for one in self.accounts:
            found = one.inventory().topology.find(plain)
            if found is not None and _own(found) and place in ("", one.name):
                return one, plain
        return self.first, plain


def spread(toolset: Toolset, places: Places) -> Toolset:
    """The same tools, of all places. Where there are several, each can be told which are meant."""

    def over(one: Action) -> Action:
        asked = one if len(places.accounts) == 1 else replace(one, arguments=_placed(one.arguments))
        return replace(asked, run=partial(_ask, one))

    return Toolset(name=toolset.name, actions=tuple(over(one) for one in toolset.actions))


def _placed(arguments: type[BaseModel]) -> type[BaseModel]:
    if PLACE in arguments.model_fields:
        return arguments
    fields = cast(Any, {PLACE: (str, "")})
    return create_model(arguments.__name__, __base__=arguments, **fields)


def _own(resource: Resource) -> bool:
    return resource.kind not in ("external", "unknown")


@dataclass(frozen=True)
class _Part:
    """What of a question one place is asked."""

    account: Account
    arguments: dict[str, Any]


def _ask(action: Action, places: Places, **arguments: Any) -> Answer:
    place = str(arguments.get(PLACE, "")) or places.spoken(str(arguments.get("what", "")))
    if len(places.accounts) == 1:
        return action.run(places.at(place), **arguments)
    if PLACE not in action.arguments.model_fields:
        arguments = {key: value for key, value in arguments.items() if key != PLACE}
    shared = places.shared()
    parts = _parts(places, arguments, place)
    answers = _at_once([partial(_guarded, action, part) for part in parts])
    told = [
        (part, _named(one, part.account, shared))
        for part, one in zip(parts, answers, strict=True)
        if isinstance(one, Answer)
    ]
    failed = [(part, one) for part, one in zip(parts, answers, strict=True) if isinstance(one, RunbookError)]
    if not told:
        raise failed[0][1]
    return _joined(told, [_gap(action.name, part.account, error) for part, error in failed])


def _parts(places: Places, arguments: dict[str, Any], place: str) -> list[_Part]:
    """Who is asked what: the place of the one thing it is about, each target's, or everybody everything."""
    if targets := cast("tuple[Target, ...]", arguments.get("targets") or ()):
        homes = [(places.home(one.service), one) for one in targets]
        return [
            _Part(account, {**arguments, "targets": tuple(_called(one, name) for one, name in mine)})
            for account in places.accounts
            if (mine := [(one, name) for (home, name), one in homes if home is account])
        ]
    for key in ABOUT:
        if isinstance(name := arguments.get(key), str):
            account, plain = places.home(f"{name}{AT}{place}" if place and AT not in name else name)
            return [_Part(account, {**arguments, key: plain})]
    return [_Part(account, arguments) for account in places.within(place)]


def _called(target: Target, name: str) -> Target:
    return target.model_copy(update={"service": name})


def _guarded(action: Action, part: _Part) -> Answer | RunbookError:
    try:
        return action.run(part.account, **part.arguments)
    except RunbookError as error:
        return error


def _gap(what: str, account: Account, error: RunbookError) -> Gap:
    permission = error.permission if isinstance(error, AccessDenied) else ""
    return Gap(what=f"{what} in {account.name}", why=str(error), mend=error.mend, permission=permission)


def _named(answer: Answer, account: Account, shared: frozenset[str]) -> Answer:
    """The answer with the names that people use, and where things are."""
    names = {name: f"{name}{AT}{account.name}" for name in shared}
    gaps = tuple(
        gap.model_copy(
            update={"what": f"{gap.what} in {account.name}", "about": names.get(gap.about, gap.about)}
        )
        for gap in answer.gaps
    )
    return answer.model_copy(update={"data": _told(answer.data, names, account.name), "gaps": gaps})


def _told(value: Any, names: Mapping[str, str], place: str) -> Any:
    """A value in which each name is the one that people use, whatever it is part of."""
    if isinstance(value, str):
        return names.get(value, value)
    if isinstance(value, tuple):
        return tuple(_told(one, names, place) for one in cast("tuple[Any, ...]", value))
    if not isinstance(value, BaseModel):
        return value
    fields = {key: _told(getattr(value, key), names, place) for key in type(value).model_fields}
    if isinstance(value, Resource) and value.kind != "external":
        fields["attributes"] = {**value.attributes, PLACE: place}
    return value.model_copy(update=fields)


def _joined(told: list[tuple[_Part, Answer]], gaps: list[Gap]) -> Answer:
    answers = [answer for _, answer in told]
    return Answer(
        data=_data([(part.account.name, answer.data) for part, answer in told]),
        source=", ".join(dict.fromkeys(answer.source for answer in answers)),
        link=answers[0].link if len(answers) == 1 else "",
        gaps=(*(gap for answer in answers for gap in answer.gaps), *gaps),
        truncated=any(answer.truncated for answer in answers),
        cost=sum(answer.cost for answer in answers),
    )


def _data(found: list[tuple[str, ToolData]]) -> ToolData:
    """Answers of one shape as one: lists one after the other, states by place."""
    first = found[0][1]
    if len(found) == 1:
        return first
    if isinstance(first, StateData):
        states = {place: data.state for place, data in found if isinstance(data, StateData)}
        return StateData(state=cast(Any, states))
    if isinstance(first, TopologyData):
        return TopologyData(topology=_map([d.topology for _, d in found if isinstance(d, TopologyData)]))
    joined = {
        key: sum((getattr(data, key) for _, data in found), type(getattr(first, key))())
        for key in type(first).model_fields
        if key != "kind"
    }
    return first.model_copy(update=joined)


def _map(found: list[Topology]) -> Topology:
    resources = {resource.name: resource for one in found for resource in one.resources}
    edges = dict.fromkeys(edge for one in found for edge in one.edges)
    return Topology(resources=tuple(resources.values()), edges=tuple(edges))


def _at_once(asks: list[Callable[[], Any]]) -> list[Any]:
    if len(asks) == 1:
        return [asks[0]()]
    with ThreadPoolExecutor(len(asks), thread_name_prefix="places") as pool:
        return [one.result() for one in [pool.submit(copy_context().run, ask) for ask in asks]]
