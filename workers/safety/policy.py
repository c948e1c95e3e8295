"""Who may approve what, for how long, and when nobody may: from the settings; no model has a say here."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from workers.domain.approval import Made
from workers.domain.approver import ON_CALL, ON_CALL_FOR
from workers.domain.risk import Risk
from workers.domain.value import Value
from workers.ledger.glass import Glass
from workers.settings import Settings

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
TWO_PEOPLE = 2
"""The least that a critical change takes, whatever the settings say."""


class Rule(Value):
    """What a change of one risk takes. `cooldown` is the pause after one."""

    approvers: tuple[str, ...]
    quorum: int
    ttl: timedelta
    cooldown: timedelta = timedelta(0)


class Freeze(Value):
    """When nothing is changed: between two moments, or on days of the week as they are in `zone`."""

    why: str
    starts: datetime | None = None
    ends: datetime | None = None
    days: frozenset[int] = frozenset()
    zone: str = "UTC"

    def holds(self, at: datetime) -> bool:
        if self.starts is not None and self.ends is not None:
            return self.starts <= at < self.ends
        return at.astimezone(ZoneInfo(self.zone)).weekday() in self.days


class Policy(Value):
    """The rules of this install. Every change needs an approval; nothing here can waive that.

    `approvers`, `quorum` and `ttl` hold for every change, `raised` for those of one risk beside them.
    `production` names clusters, services, regions and accounts: a step more risk there. `critical` names
    those where it is the highest.
    """

    approvers: tuple[str, ...]
    quorum: int
    ttl: timedelta
    raised: dict[Risk, Rule] = {}
    production: frozenset[str] = frozenset()
    critical: frozenset[str] = frozenset()
    everywhere: bool = False
    """Whether the one region that Runbook looks at is production."""
    freezes: tuple[Freeze, ...] = ()
    most_changes: int = 5
    per_hour: int = 20
    per_day: int = 100
    breakers: frozenset[str] = frozenset()
    """Who may ask for break-glass, and confirm it; it holds for `glass_lasts`."""
    glass_lasts: timedelta = HOUR
    solo: bool = False
    """Whether whoever is on call may approve what they asked for, where it can be taken back."""
    rotas: frozenset[str] = frozenset()
    """The rotas that there are: `on-call` for everything, `on-call:checkout` for one service."""

    @property
    def everybody(self) -> tuple[str, ...]:
        """Everybody who may approve anything: people, user groups and rotas."""
        named = (*self.approvers, *(a for rule in self.raised.values() for a in rule.approvers))
        names = (name for one in named for name in (sorted(self.rotas) if one == ON_CALL else (one,)))
        return tuple(dict.fromkeys(names))

    @property
    def sources(self) -> frozenset[str]:
        """The user groups and rotas behind which approvers are: whose rosters have to be kept."""
        behind = frozenset(name for name in self.everybody if name[:1] not in ("U", "W"))
        return behind | self.rotas if self.solo else behind

    def rota(self, places: Sequence[str]) -> str:
        """Who is on call at these places: by the narrowest with a rota, else by everybody's; or nothing."""
        own = (f"{ON_CALL_FOR}{place}" for place in reversed(places))
        return next((name for name in (*own, ON_CALL) if name in self.rotas), "")

    def named(self, risk: Risk, places: Sequence[str]) -> tuple[str, ...]:
        """Who may approve a change of this risk at these places: people, user groups and a rota."""
        names = (self.rota(places) if name == ON_CALL else name for name in self.rule(risk).approvers)
        return tuple(name for name in dict.fromkeys(names) if name)

    def rule(self, risk: Risk) -> Rule:
        """What a change of this risk takes: the higher bar of those that hold."""
        own = self.raised.get(risk)
        least = TWO_PEOPLE if risk is Risk.CRITICAL else 1
        return Rule(
            approvers=own.approvers if own and own.approvers else self.approvers,
            quorum=max(self.quorum, own.quorum if own else 1, least),
            ttl=min(self.ttl, own.ttl) if own else self.ttl,
            cooldown=own.cooldown if own else timedelta(0),
        )

    def risk(self, declared: Risk, places: Iterable[str]) -> Risk:
        """How much harm a change can do at these clusters and services, where its row declares so much."""
        names = frozenset(places)
        if names & self.critical:
            return Risk.CRITICAL
        return declared.raised() if self.everywhere or names & self.production else declared

    def lifts(self, glass: Glass | None, now: datetime) -> bool:
        """Whether break-glass holds: asked for and confirmed by two of those who are named now."""
        if glass is None or glass.until is None or not now < glass.until:
            return False
        both = {glass.asked_by, glass.confirmed_by}
        return len(both) == TWO_PEOPLE and both <= self.breakers

    def hindrance(self, risk: Risk, made: Sequence[Made], now: datetime) -> str:
        """Why no change of this risk may be made now, whoever approves it; empty when one may.

        All of this is soft: break-glass lifts it, and nothing else.
        """
        frozen = next((freeze for freeze in self.freezes if freeze.holds(now)), None)
        if frozen is not None:
            until = f" until {frozen.ends:%Y-%m-%d %H:%M %Z}" if frozen.ends else ""
            return f"changes are frozen{until}: {frozen.why}"
        for most, span, word in ((self.per_hour, HOUR, "hour"), (self.per_day, DAY, "day")):
            if sum(now - one.at < span for one in made) >= most:
                return f"{most} changes were made within the last {word}, and no more may be"
        last = max((one.at for one in made if one.risk is risk), default=None)
        pause = self.rule(risk).cooldown
        if last is not None and now - last < pause:
            return f"a {risk.word} change was made at {last:%H:%M:%S %Z}; {_span(pause)} have to pass"
        return ""


def policy(settings: Settings) -> Policy:
    """The rules that the settings state."""
    approvals, environments = settings.approvals, settings.environments.values()
    live = [one for one in environments if one.production]
    production = {
        name for one in live for name in (*one.clusters, *one.services, *one.regions, *one.accounts)
    }
    aws = settings.providers.aws
    only = {*aws.regions} if not aws.accounts and len(aws.regions) == 1 else set[str]()
    cooldown = timedelta(milliseconds=settings.safety.cooldown_between_critical_ms)
    own = {Risk.LOW: approvals.low, Risk.HIGH: approvals.high, Risk.CRITICAL: approvals.critical}
    return Policy(
        approvers=approvals.approvers,
        quorum=approvals.quorum,
        ttl=approvals.ttl,
        raised={
            risk: Rule(
                approvers=rule.approvers,
                quorum=rule.quorum,
                ttl=rule.ttl,
                cooldown=max(rule.cooldown, cooldown if risk is Risk.CRITICAL else timedelta(0)),
            )
            for risk, rule in own.items()
        },
        production=frozenset(production),
        everywhere=bool(only & production),
        critical=frozenset(name for one in environments for name in one.critical),
        freezes=tuple(
            Freeze(why=f.why, starts=f.starts, ends=f.ends, days=frozenset(f.weekdays), zone=f.zone)
            for f in approvals.freezes
        ),
        most_changes=settings.safety.max_mutations_per_session,
        per_hour=settings.safety.max_mutations_per_hour,
        per_day=settings.safety.max_mutations_per_day,
        breakers=frozenset(settings.break_glass.people),
        glass_lasts=settings.break_glass.duration,
        solo=approvals.solo_on_call,
        rotas=frozenset(_rotas(settings)),
    )


def _rotas(settings: Settings) -> Iterator[str]:
    if settings.on_call.overall.stated:
        yield ON_CALL
    yield from (f"{ON_CALL_FOR}{service}" for service in settings.on_call.services)


def _span(pause: timedelta) -> str:
    seconds = round(pause.total_seconds())
    return f"{seconds} s" if seconds < 120 else f"{seconds // 60} min"
