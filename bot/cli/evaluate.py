"""`runbook eval`: recorded incidents with known causes, answered and scored, and one's own among them."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli.options import Config, settings_for

if TYPE_CHECKING:
    from workers.evals.answering import Said

Data = Annotated[Path, typer.Option(help="The folder of the sets, one folder a set.")]
Sets = Annotated[list[str] | None, typer.Option("--set", help="A set; all that are there by default.")]
Answers = Annotated[Path, typer.Option(help="Where the answers are, one line of JSON each.")]
HERE = Path("eval.jsonl")

Variants = Annotated[
    bool, typer.Option(help="Also with the alert off, series missing, and in quiet windows.")
]

app = typer.Typer(help="Recorded incidents with known causes: answer them, then score the answers.")


@app.command()
def record(
    investigation: Annotated[str, typer.Argument(help="Its id, as it stands at the foot of its root cause.")],
    to: Annotated[Path, typer.Option(help="The folder of the sets; it becomes a case of the set incidents.")],
    replace: Annotated[bool, typer.Option("--replace", help="Write a case anew that is there.")] = False,
    config: Config = None,
) -> None:
    """Make a case of an investigation, without secrets and names of people, that eval answers and scores."""
    from workers.evals import recording
    from workers.ledger import Ledger, connect

    # Of all processes, the one that needs the ledger and nothing else.
    settings = settings_for("migrate", config)
    ledger = Ledger(connect(settings.ledger_url))
    try:
        taken = recording.record(ledger.journal(investigation), to, replace=replace)
    finally:
        ledger.close()
    print(f"The case is in {taken.folder}. Look it through before you share it.")
    if not taken.labelled:
        label = f'{{"id": "{investigation}", "service": "…", "fault_type": "…"}}'
        print(
            f"Nothing in the ledger confirms its cause. If you know it, add a line to {taken.truth}: {label}"
        )


@app.command()
def answer(data: Data, sets: Sets = None, answers: Answers = HERE, variants: Variants = False) -> None:
    """Investigate every case as a real incident, without a model, and write the answers down."""
    from rich.progress import track

    from workers.agent.rules import RuleReasoner
    from workers.evals import answering
    from workers.evals.sets import cases, found
    from workers.evals.variants import VARIANTS

    with answers.open("w", encoding="utf-8") as file:
        for name in sets or found(data):
            for variant in ("", *(VARIANTS if variants else ())):
                some = list(cases(data, name, variant))
                for case in track(some, f"{name} {variant:<12}", disable=not sys.stderr.isatty()):
                    file.write(answering.answer(case, RuleReasoner(), variant).model_dump_json() + "\n")
    print(f"Answers are in {answers}. Score them with: runbook eval score --data {data} --answers {answers}")


@app.command()
def score(data: Data, sets: Sets = None, answers: Answers = HERE) -> None:
    """Hold answers against the labels and the record. A case without an answer counts as wrong."""
    from bot.cli import scored
    from workers.evals import scoring
    from workers.evals.sets import cases, found, truths
    from workers.evals.variants import VARIANTS

    given = _read(answers)
    told = {variant for variant, _ in given}
    marks: dict[tuple[str, str], tuple[scoring.Score, ...]] = {}
    alarms: dict[str, tuple[bool, ...]] = {}
    for name in sets or found(data):
        labels = truths(data, name)
        for variant in ("", *(v for v in VARIANTS if v in told and v != "quiet")):
            some = list(cases(data, name, variant))
            known = [case for case in some if case.id in labels]
            if len(known) < len(some):
                print(f"{name}: {len(some) - len(known)} of {len(some)} cases have no label and no score.")
            marks[name, variant] = tuple(
                scoring.score(given.get((variant, case.id)), labels[case.id], case) for case in known
            )
        quiet = cases(data, name, "quiet") if "quiet" in told else ()
        said = (given.get(("quiet", case.id)) for case in quiet)
        alarms[name] = tuple(one is None or scoring.alarmed(one) for one in said)
    scored.show(marks, alarms)


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
