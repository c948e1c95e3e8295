"""What `runbook eval score` prints: the sets, their parts, how sure answers were, and false alarms."""

from collections.abc import Iterator, Mapping
from typing import Literal

from rich.console import Console
from rich.table import Table

from workers.evals import scoring
from workers.evals.scoring import Score

Marks = Mapping[tuple[str, str], tuple[Score, ...]]
"""Scores by set and variant; the variant is empty for the cases as they are."""


def show(marks: Marks, alarms: Mapping[str, tuple[bool, ...]]) -> None:
    """Print what there is; `alarms` says of each quiet window of a set whether it raised one."""
    ranked = {key: scores for key, scores in marks.items() if not any(one.facts for one in scores)}
    worded = {key: scores for key, scores in marks.items() if any(one.facts for one in scores)}
    parts = _parts(ranked, "kind"), _parts(ranked, "service")
    console = Console()
    for table in (_sets(ranked), _facts(worded), *parts, _sure(ranked), _quiet(alarms)):
        if table.row_count:
            console.print(table)


def _sets(marks: Marks) -> Table:
    table = Table("set", "cases", "top-1", "top-3", "grounded", "misled", "s of a core", box=None)
    for (name, variant), scores in marks.items():
        if scores:
            row = scoring.table(f"{name} {variant}".strip(), scores)
            shares = map(_share, (row.first, row.among_three, row.grounded, row.misled))
            table.add_row(row.name, str(row.cases), *shares, f"{row.slowest:.1f}")
    return table


def _facts(marks: Marks) -> Table:
    table = Table("asked for words", "cases", "facts", "named", "s of a core", box=None)
    for (name, _), scores in marks.items():
        facts, named = sum(one.facts for one in scores), sum(one.named for one in scores)
        slowest = max(one.seconds for one in scores)
        table.add_row(name, str(len(scores)), str(facts), _share(named / facts), f"{slowest:.1f}")
    return table


def _parts(marks: Marks, by: Literal["kind", "service"]) -> Table:
    """Each set by one of its sides, and top-1 of its variants beside."""
    variants = [variant for variant in dict.fromkeys(variant for _, variant in marks) if variant]
    table = Table("set", {"kind": "kind of fault", "service": "service"}[by], box=None)
    for column in ("cases", "top-1", "top-3", "grounded", *variants):
        table.add_column(column, no_wrap=True)
    for name in dict.fromkeys(name for name, _ in marks):
        harder = [dict(scoring.parts(marks.get((name, variant), ()), by)) for variant in variants]
        for part, scores in scoring.parts(marks.get((name, ""), ()), by):
            row = scoring.table(part, scores)
            shares = map(_share, (row.first, row.among_three, row.grounded))
            table.add_row(name, part, str(row.cases), *shares, *_first(part, harder))
    return table


def _first(part: str, harder: list[dict[str, tuple[Score, ...]]]) -> Iterator[str]:
    for scores in harder:
        yield _share(scoring.table(part, scores[part]).first) if part in scores else "–"


def _sure(marks: Marks) -> Table:
    table = Table("where, said to be", "answers", "right", box=None)
    for one in scoring.calibration(score for scores in marks.values() for score in scores):
        table.add_row(f"{one.low:.2f} to {min(one.high, 1):.2f}", str(one.cases), _share(one.right))
    return table


def _quiet(alarms: Mapping[str, tuple[bool, ...]]) -> Table:
    table = Table("quiet windows", "cases", "false alarms", box=None)
    for name, some in alarms.items():
        if some:
            table.add_row(name, str(len(some)), _share(sum(some) / len(some)))
    return table


def _share(value: float) -> str:
    return f"{value:.2f}"
