"""Every class of incident in every application that can play it: how often it is found out, and how surely.

`python -m tests.scenarios.census answer --seeds 1 2 --to rows.jsonl` investigates and writes a line a world;
`python -m tests.scenarios.census score rows.jsonl` prints the tables. Nothing is learned from a world.
"""

import argparse
import json
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from tests.scenarios.worlds import Cloud, cloud, investigate, told
from workers.domain.conclusion import NAMES_A_CAUSE, Conclusion, Outcome
from workers.evals.scoring import binned
from workers.sandbox.scenario.case import fault_table

HEALTHY = "healthy"
NO_INCIDENT = frozenset({HEALTHY, "alarm_edited", "canary_only", "self_healed", "telemetry_broken"})
"""Classes in which nothing has to be done for the users, or nothing any more."""
EARLIEST, SPREAD = 8, 15
"""Minutes: the youngest incident when somebody asks, and how much older others are."""
HEALED = 12
"""Minutes after which what heals by itself has done so."""

ENTRIES = {"shop": "storefront", "booking": "portal", "claims": "website", "parcels": "site"}
"""What people name who find an application slow."""

Row = dict[str, Any]


def worlds(seeds: Iterable[int]) -> Iterator[tuple[str, str, int]]:
    """Application, class and seed of each world; one without any fault for each application and seed."""
    for seed in seeds:
        for fault in fault_table():
            for application in fault.fits:
                yield application, fault.id, seed
        for application in ENTRIES:
            yield application, HEALTHY, seed


def answered(running: Cloud, application: str, fault: str, seed: int) -> Row:
    """What was planted, what the investigation said and how sure it was."""
    age = (HEALED if fault == "self_healed" else EARLIEST) + (seed * 7 + len(application + fault)) % SPREAD
    faults = [] if fault == HEALTHY else [fault]
    case = running.case(application=application, faults=faults, seed=seed, onset_minutes=age)
    truth = running.ask("/_cloud/truth")
    text = told(case["alert"]) if case["alert"] else f"{truth.get('service') or ENTRIES[application]} is slow"
    began = time.process_time()
    found, _ = investigate(running, text)
    assert found.conclusion is not None
    return {
        "application": application,
        "fault": fault,
        "seed": seed,
        "age": age,
        **_said(found.conclusion, truth),
        "cpu": round(time.process_time() - began, 2),
        "calls": found.calls_made,
    }


def _said(conclusion: Conclusion, truth: dict[str, Any]) -> Row:
    cause = conclusion.causes[0] if conclusion.causes else None
    sure = conclusion.confidence
    first = conclusion.suspects[0].service if conclusion.suspects else ""
    return {
        "outcome": conclusion.outcome.value,
        "said": " ".join(filter(None, (cause.service, cause.mode, cause.revision))) if cause else "",
        "planted": " ".join(filter(None, (truth.get(key) for key in ("service", "mode", "revision")))),
        "where": bool(cause) and cause.service == truth.get("service"),
        "what": bool(cause) and cause.mode == truth.get("mode"),
        "why": bool(cause) and cause.revision == (truth.get("revision") or ""),
        "first": first == truth.get("service"),
        "sure": {name: getattr(sure, name) for name in ("value", "where", "what", "why")},
    }


# ---- the tables ----


def right(row: Row) -> bool:
    """Where and what it was; for what is no incident, that none is claimed."""
    if row["fault"] in NO_INCIDENT:
        return row["outcome"] in (Outcome.NOT_AN_INCIDENT.value, Outcome.RECOVERED.value)
    return row["outcome"] in {o.value for o in NAMES_A_CAUSE} and row["where"] and row["what"]


def wrong(row: Row) -> bool:
    """It names a cause, and not the planted one."""
    return row["outcome"] in {o.value for o in NAMES_A_CAUSE} and not right(row)


def _share(rows: list[Row], holds: Callable[[Row], bool]) -> str:
    return f"{sum(map(holds, rows)) / len(rows):.2f} ({len(rows)})" if rows else "–"


def tables(rows: list[Row]) -> Iterator[str]:
    """Markdown: by application, by class, and how sure against how often right."""
    incidents = [row for row in rows if row["fault"] not in NO_INCIDENT]
    quiet = [row for row in rows if row["fault"] in NO_INCIDENT]
    yield "| application | where + what right | wrong at 0.8 and more | no incident, and said so |"
    yield "|---|---|---|---|"
    for name in (*ENTRIES, "all"):
        mine, calm = (
            [row for row in some if name in ("all", row["application"])] for some in (incidents, quiet)
        )
        sure = _share(mine, lambda row: wrong(row) and row["sure"]["value"] >= 0.8)
        yield f"| {name} | {_share(mine, right)} | {sure} | {_share(calm, right)} |"
    yield ""
    yield "| class | right | wrong | names none |"
    yield "|---|---|---|---|"
    for fault in sorted({row["fault"] for row in rows}):
        count = Counter(
            "right" if right(r) else "wrong" if wrong(r) else "none" for r in rows if r["fault"] == fault
        )
        yield f"| {fault} | {count['right']} | {count['wrong']} | {count['none']} |"
    named = [row for row in rows if row["outcome"] in {o.value for o in NAMES_A_CAUSE}]
    for part in ("where", "what", "why"):
        yield ""
        yield f"| {part}, said to be | answers | right |"
        yield "|---|---|---|"
        for one in binned((row["sure"][part] or 0.0, row[part]) for row in named):
            yield f"| {one.low:.2f} to {min(one.high, 1):.2f} | {one.cases} | {one.right:.2f} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    verbs = parser.add_subparsers(dest="verb", required=True)
    answer = verbs.add_parser("answer")
    answer.add_argument("--seeds", nargs="+", type=int, required=True)
    answer.add_argument("--to", type=Path, required=True)
    score = verbs.add_parser("score")
    score.add_argument("rows", type=Path, nargs="+")
    arguments = parser.parse_args()
    if arguments.verb == "score":
        lines = [line for path in arguments.rows for line in path.read_text().splitlines()]
        print("\n".join(tables([json.loads(line) for line in lines])))
        return
    with cloud() as running, arguments.to.open("a") as out:
        for world in worlds(arguments.seeds):
            row = answered(running, *world)
            out.write(json.dumps(row) + "\n")
            out.flush()
            print(
                "ok " if right(row) else "BAD" if wrong(row) else "-- ",
                *world,
                row["said"],
                row["sure"]["value"],
                flush=True,
            )


if __name__ == "__main__":
    main()
