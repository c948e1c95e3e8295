"""Who may ask, and who may approve: the sections that say so, and the limits on both."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BeforeValidator,
    Field,
)
from pydantic import model_validator as check

from workers.settings.kinds import (
    LONGEST_TTL,
    Approvers,
    ChannelId,
    Duration,
    Section,
    Ttl,
    UserId,
    Words,
    glass,
    time_zone,
    words,
    wrong,
)

_RISKS = {"low_risk": "low", "high_risk": "high"}
_EVERY_CHANGE = ("low", "high", "critical")


def _every_change(named: tuple[str, ...]) -> tuple[str, ...]:
    risks = [_RISKS.get(word, word) for word in named]
    if strange := [n for n, word in enumerate(risks, 1) if word not in _EVERY_CHANGE]:
        raise wrong(
            f"item {strange[0]} is not a risk that is asked about", "They are low, high and critical."
        )
    if left := [risk for risk in _EVERY_CHANGE if risk not in risks]:
        raise wrong(
            f"leaves out {' and '.join(left)}, but every change needs an approval",
            "Configuration raises the bar and never waives it: write [low, high, critical] or nothing.",
        )
    return _EVERY_CHANGE


class Safety(Section):
    """Limits on changes. Every change needs an approval, whatever is written here."""

    require_approval: Annotated[Words, AfterValidator(_every_change)] = Field(
        default=_EVERY_CHANGE,
        description="Always all of them: a risk that is left out is refused, not waived.",
    )
    max_mutations_per_session: int = Field(
        default=5, ge=0, le=100, description="Changes in one investigation."
    )
    max_mutations_per_hour: int = Field(default=20, ge=0, le=1000, description="Changes within an hour.")
    max_mutations_per_day: int = Field(default=100, ge=0, le=10_000, description="Changes within a day.")
    cooldown_between_critical_ms: int = Field(
        default=60_000, ge=0, description="Pause after a critical change, milliseconds."
    )


def _not_self(value: Any) -> Any:
    if value in (True, "true"):
        raise wrong("nobody approves their own request", "Leave allow_self out; add a second approver.")
    return value


class OnCall(Section):
    """Where it stands who is on call; all that is named counts."""

    pagerduty_schedules: Words = Field(default=(), description="Ids of PagerDuty's schedules.")
    pagerduty_policies: Words = Field(
        default=(), description="Ids of PagerDuty's escalation policies; their first level is on call."
    )
    opsgenie_schedules: Words = Field(default=(), description="Names or ids of OpsGenie's schedules.")

    @property
    def stated(self) -> bool:
        return bool(self.pagerduty or self.opsgenie_schedules)

    @property
    def pagerduty(self) -> tuple[str, ...]:
        return (*self.pagerduty_schedules, *self.pagerduty_policies)


class OnCalls(Section):
    """Who `on-call` is, for everything and for services that have a rota of their own."""

    overall: OnCall = Field(default=OnCall(), description="")
    services: dict[str, OnCall] = Field(default={}, description="")

    def rotas(self) -> Iterator[OnCall]:
        yield self.overall
        yield from self.services.values()

    @check(mode="after")
    def _filled(self) -> "OnCalls":
        if empty := [name for name, rota in self.services.items() if not rota.stated]:
            raise wrong(f"says nothing of {empty[0]}", "Name a schedule or a policy, or leave it out.")
        return self


class Rule(Section):
    """What changes of one risk take, beside what every change takes; the higher bar holds."""

    approvers: Approvers = Field(default=(), description="As in `approvals.approvers`; those where absent.")
    quorum: int = Field(
        default=1,
        ge=1,
        le=10,
        description="Different people that must approve; two at least of critical ones.",
    )
    ttl: Ttl = Field(
        default=LONGEST_TTL, description="An approval's life, where it is shorter than the general one."
    )
    cooldown: Duration = Field(default=timedelta(0), description="Pause after such a change.")


DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


class Freeze(Section):
    """A time in which nothing is changed, whoever approves: between two moments, or on days of the week."""

    why: str = Field(description="What people are told.")
    starts: AwareDatetime | None = Field(
        default=None, description="From when, with a zone: 2026-12-23T18:00Z."
    )
    ends: AwareDatetime | None = Field(default=None, description="Until when.")
    days: Annotated[
        tuple[Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"], ...], BeforeValidator(words)
    ] = Field(default=(), description="Days of the week instead: mon, tue, wed, thu, fri, sat, sun.")
    zone: Annotated[str, AfterValidator(time_zone)] = Field(
        default="UTC", description="The time zone of `days`: Europe/Berlin."
    )

    @property
    def weekdays(self) -> tuple[int, ...]:
        """Monday is 0."""
        return tuple(DAYS.index(day) for day in self.days)

    @check(mode="after")
    def _either(self) -> "Freeze":
        between = self.starts is not None and self.ends is not None and self.starts < self.ends
        one_end = (self.starts is None) != (self.ends is None)
        if one_end or between == bool(self.days):
            raise wrong("names no time", "Give starts and a later ends, or days.")
        return self


class BreakGlass(Section):
    """Who may lift freezes, pauses and the limits of an hour and a day for a while; off without `people`."""

    people: Annotated[tuple[UserId, ...], BeforeValidator(words)] = Field(
        default=(), description="Slack user ids; one of them asks, another confirms."
    )
    duration: Annotated[Duration, AfterValidator(glass)] = Field(
        default=timedelta(hours=1), description="How long it holds, at most 8h."
    )

    @check(mode="after")
    def _two(self) -> "BreakGlass":
        if len(set(self.people)) == 1:
            raise wrong("names one person", "One asks and another confirms: name two, or nobody.")
        return self


class Approvals(Section):
    """Who may approve a change, and how. Runbook never decides this by itself."""

    approvers: Approvers = Field(
        default=(),
        description="Slack ids of people and user groups, and `on-call`. Empty: nothing is ever changed.",
    )
    quorum: int = Field(default=1, ge=1, le=10, description="Different people that must approve.")
    ttl: Ttl = Field(default=timedelta(minutes=15), description="An approval's life, at most 24h.")
    allow_self: Annotated[Literal[False], BeforeValidator(_not_self)] = Field(
        default=False, description="Fixed: the person who asked never approves."
    )
    solo_on_call: bool = Field(
        default=False,
        description="Whether whoever is on call for a service may approve alone what they asked for there:"
        " low and high changes that can be taken back, by typing its name.",
    )
    low: Rule = Field(default=Rule(), description="")
    high: Rule = Field(default=Rule(), description="")
    critical: Rule = Field(default=Rule(), description="")
    freezes: tuple[Freeze, ...] = Field(default=(), description="")

    @check(mode="after")
    def _reachable(self) -> "Approvals":
        people = all(name[0] in "UW" for name in self.approvers)
        if self.approvers and people and self.quorum > len(set(self.approvers)):
            raise wrong(
                "quorum is larger than the list of approvers", "Name more approvers or lower the quorum."
            )
        return self

    @property
    def named(self) -> frozenset[str]:
        """Everybody and everything that any list of approvers names."""
        lists = (self.approvers, self.low.approvers, self.high.approvers, self.critical.approvers)
        return frozenset(name for one in lists for name in one)


class AskScope(Section):
    """Somebody may ask about something. What is left out narrows nothing: nobody named means everybody."""

    people: Approvers = Field(default=(), description="Slack user ids, user-group ids, `on-call`.")
    channels: Annotated[tuple[ChannelId, ...], BeforeValidator(words)] = Field(
        default=(), description="Channel ids in which it holds."
    )
    alerts: bool = Field(
        default=False, description="Whether it holds for what monitors report, in any channel."
    )
    services: Words = Field(
        default=(), description="Names of services, functions, databases, caches and queues; may hold *."
    )
    clusters: Words = Field(default=(), description="Names of clusters; may hold *.")
    accounts: Words = Field(default=(), description="Account ids, in quotes.")


class Access(Section):
    """Who may ask Runbook, about what, and how often. Who may approve stands in `approvals`."""

    guests: bool = Field(default=False, description="Whether guests of the workspace may ask.")
    shared_channels: bool = Field(
        default=False, description="Whether Runbook answers where people of other workspaces are."
    )
    scopes: tuple[AskScope, ...] = Field(default=(), description="")
    per_person: int = Field(
        default=30, ge=1, le=10_000, description="Questions of one person within an hour."
    )
    per_channel: int = Field(
        default=60, ge=1, le=10_000, description="Questions and alerts of one channel within an hour."
    )
    per_day: int = Field(default=1000, ge=1, le=100_000, description="Questions and alerts within a day.")
