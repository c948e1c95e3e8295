"""`runbook backtest`: what Runbook would have said about the alarms of the last days, as of their time."""

import sys
import time
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from bot.cli.investigate import Json, Profile, Region, aside
from bot.cli.leaving import at_once, leave
from bot.cli.options import Config

if TYPE_CHECKING:
    from bot.cli.looking import Eyes
    from workers.domain.conclusion import Conclusion
    from workers.domain.investigation import Investigation
    from workers.domain.telemetry import Alarm

TOGETHER = timedelta(minutes=5)
"""What fires so soon after the first alarm of an incident belongs to it."""
AGAIN = timedelta(hours=1)
"""What fires again within so long, and nothing else with it, is the same incident still."""
SCALING = ("TargetTracking-", "awseb-")
"""How names begin of alarms that drive automatic scaling, and tell of no incident."""
BEAT_SECONDS = 0.5
COLUMNS = ("when", "alarm", "what it would have said", "confidence", "queries", "seconds")


class Fired(NamedTuple):
    """Alarms that fired together, the first one first."""

    alarms: tuple["Alarm", ...]

    @property
    def at(self) -> datetime:
        return self.alarms[0].since

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(alarm.name for alarm in self.alarms))

    def repeats(self, other: "Fired") -> bool:
        """Whether only alarms of `other` fired again, not long after it."""
        return self.at - other.at <= AGAIN and set(self.names) <= set(other.names)


class Verdict(NamedTuple):
    """One row of the table."""

    fired: Fired
    looked_at: datetime
    case: "Investigation"
    seconds: float


def backtest(
    days: Annotated[
        int, typer.Option(min=1, max=30, help="How far back; AWS keeps alarm history for 30 days.")
    ] = 14,
    most: Annotated[int, typer.Option(min=1, max=500, help="The most incidents, the newest first.")] = 20,
    after: Annotated[
        int, typer.Option(min=0, max=60, help="Minutes after the alarm up to which data is looked at.")
    ] = 10,
    queries: Annotated[int, typer.Option(min=1, help="The most queries to AWS in all.")] = 2000,
    profile: Profile = None,
    region: Region = None,
    as_json: Json = False,
    config: Config = None,
) -> None:
    """Say what Runbook would have said about the alarms of the last days. Reads AWS and changes nothing.

    Alarms that fired within 5 minutes of the first are one incident. Nothing is looked at that came later
    than --after minutes after the first of them. Runbooks are left out: some were written because of it.
    """
    with at_once():
        from bot.cli.looking import eyes
        from bot.cli.shelf import Nothing

        look = eyes(config, profile, region, aside, search=Nothing())
        moves, cut = _moves(look, days)
        incidents, scaling = together(moves)
        for note in _notes(look, days, after, len(incidents), most, scaling, cut):
            aside(note)
        verdicts = _verdicts(look, incidents[:most], moves, timedelta(minutes=after), queries)
        _shown(verdicts, as_json=as_json, left=len(incidents[:most]))


def _moves(look: "Eyes", days: int) -> tuple[tuple["Alarm", ...], bool]:
    from workers import wiring
    from workers.domain.window import Window

    now = wiring.now()
    return look.moves(Window(start=now - timedelta(days=days), end=now))


def together(moves: Iterable["Alarm"]) -> tuple[list[Fired], int]:
    """What fired together, the newest first, and how many alarms of automatic scaling were left out."""
    fired = sorted((m for m in moves if m.state == "alarm"), key=lambda m: m.since)
    told = [m for m in fired if not m.name.startswith(SCALING)]
    groups: list[list[Alarm]] = []
    for move in told:
        # Not chained: an alarm that flaps would carry the next incident back to a time before it.
        if groups and move.since - groups[-1][0].since <= TOGETHER:
            groups[-1].append(move)
        else:
            groups.append([move])
    found: list[Fired] = []
    for one in (Fired(tuple(group)) for group in groups):
        if not any(one.repeats(other) for other in found):
            found.append(one)
    return found[::-1], len(fired) - len(told)


def _notes(
    look: "Eyes", days: int, after: int, found: int, most: int, scaling: int, cut: bool
) -> Iterator[str]:
    """What has to be known to read the table."""
    yield (
        f"{_count(found, 'incident')} in the alarm history of {look.region}, {_count(days, 'day')}."
        f" Each is looked at as of {after} minutes after its first alarm; what runs is listed as of now."
    )
    if found > most:
        yield f"The newest {most} are looked at; --most takes more."
    if scaling:
        yield f"Left out: {_count(scaling, 'time')} that an alarm of automatic scaling fired."
    if cut:
        yield "The history is longer than what was read: flapping alarms hide what is older."
    if days > 14:
        yield "CloudWatch keeps points of a minute for 15 days; what is older is seen at five minutes only."


def _verdicts(
    look: "Eyes", incidents: list[Fired], moves: tuple["Alarm", ...], after: timedelta, queries: int
) -> Iterator[Verdict]:
    spent = 0
    for nth, fired in enumerate(incidents):
        if spent >= queries:
            rest = _count(len(incidents) - nth, "incident")
            aside(f"{rest} not looked at: {spent} queries were made (--queries).")
            return
        verdict = _verdict(look, fired, moves, after, queries - spent)
        spent += verdict.case.calls_made
        yield verdict


def _verdict(
    look: "Eyes", fired: Fired, moves: tuple["Alarm", ...], after: timedelta, queries: int
) -> Verdict:
    from bot.cli import looking
    from workers import wiring
    from workers.agent.rules import RuleReasoner

    began = time.monotonic()
    at = min(fired.at + after, wiring.now())
    text = looking.alarm_text(fired.alarms[0], look.region)
    first = looking.reported(text, at, alarm=True)
    budget = wiring.budget(look.settings)
    bound = budget.model_copy(update={"queries": min(budget.queries, queries)})
    gate = look.as_of(at, moves, always=True)
    case = looking.fold(None, first)
    # A month of alarms is no reason to pay a model for each.
    rules = RuleReasoner()
    for event in looking.apart(lambda: looking.run(look.settings, first, gate, bound, rules), BEAT_SECONDS):
        if event is not None and event is not first:
            case = case.apply(event)
    return Verdict(fired, at, case, round(time.monotonic() - began, 1))


# -- the table


def _shown(verdicts: Iterator[Verdict], *, as_json: bool, left: int) -> None:
    rows: list[Verdict] = []
    try:
        for verdict in verdicts:
            rows.append(verdict)
            if as_json:
                print(_json(verdict), flush=True)
            elif sys.stderr.isatty():
                print(f"\r{len(rows)} of {left}", end="", file=sys.stderr, flush=True)
    except KeyboardInterrupt:
        _table(rows, as_json=as_json)
        leave(130)
    _table(rows, as_json=as_json)


def _table(rows: list[Verdict], *, as_json: bool) -> None:
    if as_json or not rows:
        return
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    if sys.stderr.isatty():
        print("\r", end="", file=sys.stderr)
    cells = [_cells(row) for row in rows]
    console = Console(highlight=False)
    if console.is_terminal:
        table = Table(*COLUMNS, box=box.SIMPLE_HEAD)
        for row in cells:
            table.add_row(*map(Text, row))
        console.print(table)
    else:
        widths = [max(map(len, column)) for column in zip(COLUMNS, *cells, strict=True)]
        for row in (COLUMNS, *cells):
            print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
    print(_sum(rows))


def _cells(row: Verdict) -> tuple[str, ...]:
    from bot.cli.telling import clock, line

    first, *more = row.fired.names
    sure = row.case.conclusion.confidence if row.case.conclusion else None
    return (
        clock(row.fired.at),
        line(f"{first} and {len(more)} more" if more else first),
        line(_said(row.case)),
        f"{sure.word} {sure.value:.2f}" if sure and sure.value else "–",
        str(row.case.calls_made),
        f"{row.seconds:.1f}",
    )


def _said(case: "Investigation") -> str:
    """The verdict in a few words: what, where, which revision; or why there is none."""
    conclusion = case.conclusion
    if conclusion is None:
        return "nothing"
    if not conclusion.causes:
        return f"{conclusion.outcome.replace('_', ' ')}: {_why(case, conclusion)}"
    named = "; ".join(
        f"{c.mode.replace('_', ' ')} at {c.service} {c.revision}".rstrip() for c in conclusion.causes
    )
    quiet = conclusion.outcome in ("not_an_incident", "recovered_by_itself")
    return f"{conclusion.outcome.replace('_', ' ')}: {named}" if quiet else named


def _why(case: "Investigation", conclusion: "Conclusion") -> str:
    limits = [f"limit reached ({limit.detail})" for limit in case.limits]
    unseen = [f"{gap.what} could not be seen ({gap.why})" for gap in conclusion.gaps]
    reasons = [factor.how for factor in conclusion.confidence.factors]
    return "; ".join([*limits, *unseen[:2], *reasons][:3])


def _json(row: Verdict) -> str:
    import json

    conclusion = row.case.conclusion
    said: dict[str, Any] = {
        "fired_at": row.fired.at.isoformat(),
        "alarms": row.fired.names,
        "looked_at": row.looked_at.isoformat(),
        "outcome": conclusion.outcome if conclusion else None,
        "headline": conclusion.headline if conclusion else "",
        "causes": [
            {"service": c.service, "mode": c.mode, "revision": c.revision or None, "statement": c.statement}
            for c in (conclusion.causes if conclusion else ())
        ],
        "why": "" if conclusion is None or conclusion.causes else _why(row.case, conclusion),
        "remedy": row.case.remedies[0].title if row.case.remedies else None,
        "confidence": conclusion.confidence.value if conclusion else 0.0,
        "gaps": [gap.what for gap in conclusion.gaps] if conclusion else [],
        "queries": row.case.calls_made,
        "seconds": row.seconds,
    }
    return json.dumps(said)


def _sum(rows: list[Verdict]) -> str:
    from workers.domain.conclusion import NAMES_A_CAUSE, Outcome

    ends = [row.case.conclusion.outcome for row in rows if row.case.conclusion]
    named = sum(end in NAMES_A_CAUSE for end in ends)
    unclear = sum(end is Outcome.INCONCLUSIVE for end in ends)
    quiet = len(rows) - named - unclear
    return (
        f"{_count(len(rows), 'incident')}: a cause for {named}, {quiet} no incident or over by itself,"
        f" {unclear} inconclusive; {sum(row.case.calls_made for row in rows)} queries,"
        f" {sum(row.seconds for row in rows):.0f} s. Nothing was changed."
    )


def _count(number: int, word: str) -> str:
    return f"{number} {word}" if number == 1 else f"{number} {word}s"
