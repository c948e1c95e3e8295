"""`runbook investigate`: the engine and the events of Slack in the terminal, read only."""

import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli.leaving import at_once, leave
from bot.cli.options import Config

if TYPE_CHECKING:
    from bot.cli.looking import Eyes
    from bot.cli.showing import Show
    from workers.domain.event import IncidentReported
    from workers.domain.investigation import Investigation
    from workers.domain.telemetry import Alarm
    from workers.safety.gate import Gate

AFTER_MINUTES = 10
"""How long after an old alarm fired it is looked at: what followed is part of its picture."""
LATE_MINUTES = 60
"""An alarm that fires for longer is looked at as of its beginning, before which the baseline is clean."""
BEAT_SECONDS = 0.12
INTERRUPTED = 130

Profile = Annotated[str | None, typer.Option(help="The AWS profile to look with; it only needs to read.")]
Region = Annotated[str | None, typer.Option(help="The AWS region to look at.")]
Json = Annotated[bool, typer.Option("--json", help="JSON lines instead of words.")]


def investigate(
    text: Annotated[str | None, typer.Argument(help='What is wrong: "checkout is slow".')] = None,
    alarm: Annotated[
        str | None, typer.Option(metavar="NAME", help="A CloudWatch alarm: its own text and time.")
    ] = None,
    service: Annotated[str | None, typer.Option(help="The service that it is about.")] = None,
    at: Annotated[
        str | None, typer.Option(metavar="TIME", help="As of then: 2026-03-01T14:05Z, 14:05 (UTC) or 2h.")
    ] = None,
    profile: Profile = None,
    region: Region = None,
    as_json: Json = False,
    config: Config = None,
) -> None:
    """Find the cause of an incident from this terminal. Reads AWS and changes nothing.

    Exit code 0: a cause was named, or it is no incident. 2: inconclusive. 1: it could not be looked at.
    """
    with at_once():
        from bot.cli import times
        from workers.domain.errors import RunbookError

        if not any(one and one.strip() for one in (text, alarm, service)):
            raise RunbookError(
                "nothing was asked", 'Write what is wrong, as in "checkout is slow", or --alarm NAME.'
            )
        then = times.moment(at, datetime.now(UTC)) if at else None
        # A mistake has been said by now, before a second of imports.
        from bot.cli.looking import eyes
        from bot.cli.showing import show

        look = eyes(config, profile, region, aside)
        first, gate = _asked(look, text or "", alarm or "", service or "", then)
        shown = show(json=as_json, approvers=look.settings.approvals.approvers)
        raise typer.Exit(_followed(look, first, gate, shown))


def aside(text: str) -> None:
    """Something to know that is no part of the answer."""
    print(text, file=sys.stderr, flush=True)


def _asked(
    look: "Eyes", text: str, alarm: str, service: str, then: datetime | None
) -> tuple["IncidentReported", "Gate"]:
    """The incident as it was asked for, and the gate of its time."""
    from bot.cli.looking import alarm_text, reported
    from workers import wiring

    at = then or wiring.now()
    if alarm:
        fired = _fired(look, alarm, then)
        at = then or _looked_at(fired)
        text = "\n".join(filter(None, (text, alarm_text(fired, look.region))))
    gate = look.as_of(at)
    if gate is not look.gate:
        aside(_limits(at))
    return reported(text, at, service=service, alarm=bool(alarm)), gate


def _fired(look: "Eyes", name: str, then: datetime | None) -> "Alarm":
    """The alarm as it last fired, at `then` at the latest; as it is where it has not."""
    import difflib

    from bot.cli.looking import HISTORY
    from workers import wiring
    from workers.domain.errors import RunbookError
    from workers.domain.window import Window

    known = {alarm.name: alarm for alarm in look.alarms()}
    if name not in known:
        near = difflib.get_close_matches(name, known, 5, 0.4)
        mend = (
            f"The nearest names are {', '.join(near)}." if near else f"There are {len(known)} alarms there."
        )
        raise RunbookError(f"there is no alarm {name!r} in {look.region}", mend)
    now = wiring.now()
    if known[name].state == "alarm" and known[name].since <= (then or now):
        return known[name]
    moves, _ = look.moves(Window(start=now - HISTORY, end=now))
    fired = (m for m in moves if (m.name, m.state) == (name, "alarm") and m.since <= (then or now))
    found = next(fired, None)
    if found is None:
        aside(f"{name} has not fired in the {HISTORY.days} days before; it is looked at all the same.")
    return found or known[name]


def _looked_at(alarm: "Alarm") -> datetime:
    from datetime import timedelta

    from workers import wiring

    now = wiring.now()
    late = alarm.state == "alarm" and now - alarm.since > timedelta(minutes=LATE_MINUTES)
    return alarm.since + timedelta(minutes=AFTER_MINUTES) if late else now


def _limits(at: datetime) -> str:
    """What has to be known about looking at an earlier moment."""
    from bot.cli.past import MINUTES_KEPT
    from bot.cli.telling import clock
    from workers import wiring

    coarse = (
        " CloudWatch keeps points of that age at five minutes only."
        if wiring.now() - at > MINUTES_KEPT
        else ""
    )
    return f"As of {clock(at)}: nothing later is looked at. What runs is listed as of now.{coarse}"


def _followed(look: "Eyes", first: "IncidentReported", gate: "Gate", shown: "Show") -> int:
    """Show each event as it comes; the exit code of what came of them."""
    from bot.cli import looking
    from workers import wiring
    from workers.domain.event import Stopped

    case: Investigation | None = None
    budget, mind = wiring.budget(look.settings), wiring.reasoner(look.settings)
    try:
        for event in looking.apart(
            lambda: looking.run(look.settings, first, gate, budget, mind), BEAT_SECONDS
        ):
            if event is None:
                shown.beat(case)
                continue
            case = looking.fold(case, event)
            shown.event(case, event)
    except KeyboardInterrupt:
        if case is not None:
            stopped = Stopped(at=wiring.now())
            case = case.apply(stopped)
            shown.event(case, stopped)
        shown.end(case)
        leave(INTERRUPTED)
    except BaseException:
        shown.end(None)
        raise
    shown.end(case)
    return _code(case)


def _code(case: "Investigation | None") -> int:
    from workers.domain.conclusion import Outcome

    inconclusive = case is None or case.conclusion is None or case.conclusion.outcome is Outcome.INCONCLUSIVE
    return 2 if inconclusive else 0
