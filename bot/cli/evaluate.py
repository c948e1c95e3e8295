"""`runbook eval`: recorded incidents with known causes, answered and scored."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from workers.evals.answering import Said

Data = Annotated[Path, typer.Option(help="The folder of the sets, one folder a set.")]
Sets = Annotated[list[str] | None, typer.Option("--set", help="A set; all there are readers for by default.")]
Answers = Annotated[Path, typer.Option(help="Where the answers are, one line of JSON each.")]
HERE = Path("eval.jsonl")

Variants = Annotated[
    bool, typer.Option(help="Also with the alert off, series missing, and in quiet windows.")
]

app = typer.Typer(help="Recorded incidents with known causes: answer them, then score the answers.")


@app.command()
def answer(data: Data, sets: Sets = None, answers: Answers = HERE, variants: Variants = False) -> None:
    """Investigate every case as a real incident, without a model, and write the answers down."""
    from rich.progress import track

    from workers.agent.rules import RuleReasoner
    from workers.evals import answering
    from workers.evals.sets import SETS, cases
    from workers.evals.variants import VARIANTS

    with answers.open("w", encoding="utf-8") as file:
        for name in sets or sorted(SETS):
            for variant in ("", *(VARIANTS if variants else ())):
                found = list(cases(data, name, variant))
                for case in track(found, f"{name} {variant:<12}", disable=not sys.stderr.isatty()):
                    file.write(answering.answer(case, RuleReasoner(), variant).model_dump_json() + "\n")
    print(f"Answers are in {answers}. Score them with: runbook eval score --data {data} --answers {answers}")


@app.command()
def score(data: Data, sets: Sets = None, answers: Answers = HERE) -> None:
    """Hold answers against the labels and the record. A case without an answer counts as wrong."""
    from rich.console import Console
    from rich.table import Table

    from workers.evals import scoring
    from workers.evals.sets import SETS, cases, truths
    from workers.evals.variants import VARIANTS

    table = Table("set", "cases", "top-1", "top-3", "grounded", "misled", "s of a core", box=None)
    every: list[scoring.Score] = []
    silence = Table("quiet windows", "cases", "false alarms", box=None)
    given = _read(answers)
    told = {variant for variant, _ in given}
    for name in sets or sorted(SETS):
        labels = truths(data, name)
        for variant in ("", *(v for v in VARIANTS if v in told and v != "quiet")):
            found = [
                scoring.score(given.get((variant, case.id)), labels[case.id], case)
                for case in cases(data, name, variant)
            ]
            every += found
            for number, row in enumerate(scoring.tables(f"{name} {variant}".strip(), found)):
                if number and variant:
                    break  # kinds of faults are told of the cases themselves
                shares = (f"{share:.2f}" for share in (row.first, row.among_three, row.grounded, row.misled))
                label = row.name if number == 0 else f"  {row.name}"
                table.add_row(label, str(row.cases), *shares, f"{row.slowest:.1f}")
        if "quiet" in told:
            loud = [
                (one := given.get(("quiet", c.id))) is None or scoring.alarmed(one)
                for c in cases(data, name, "quiet")
            ]
            if loud:
                silence.add_row(name, str(len(loud)), f"{sum(loud) / len(loud):.2f}")
    Console().print(table)
    bins = scoring.calibration(every)
    if bins:
        sure = Table("where, said to be", "answers", "right", box=None)
        for one in bins:
            sure.add_row(f"{one.low:.2f} to {min(one.high, 1):.2f}", str(one.cases), f"{one.right:.2f}")
        Console().print(sure)
    if silence.row_count:
        Console().print(silence)


def _read(path: Path) -> "dict[tuple[str, str], Said]":
    from pydantic import ValidationError

    from workers.domain.errors import RunbookError
    from workers.evals.answering import Said

    try:
        lines = path.read_text(encoding="utf-8").splitlines()
        found = [Said.model_validate_json(line) for line in lines if line.strip()]
    except OSError as error:
        raise RunbookError(f"{path} cannot be read: {error}", "Answer first: runbook eval answer") from error
    except ValidationError as error:
        raise RunbookError(f"{path} holds a line that is no answer: {error}", "Answer again.") from error
    return {(one.variant, one.id): one for one in found}
