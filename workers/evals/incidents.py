"""Incidents of one's own, recorded from the ledger: the journal of an investigation as one more case."""

from pathlib import Path

from pydantic import ValidationError

from workers.domain.call import ActivityData, AlarmData, ChangeData, LogData, SeriesData, TopologyData
from workers.domain.errors import RunbookError
from workers.domain.telemetry import Series, Signal, Topology
from workers.evals import lines
from workers.evals.lines import Row
from workers.evals.recorded import Key, Recorded
from workers.evals.replay import Asked, Journal

SET = "incidents"
"""The name of the set, and of its folder."""
BEGINNING, CALLS = "incident.jsonl", "calls.jsonl"


def case(folder: Path, row: Row) -> Recorded:
    """One case, from its line of `cases.jsonl`. Raises `RunbookError` where its files are damaged.

    Answers come from the journal alone; what is laid out beside it is what a scorer looks up.
    """
    if not (row.get("id") and isinstance(row.get("files"), dict) and row["files"].get("dir")):
        raise RunbookError(f"{folder} names a case without its id and folder", "Mend its cases.jsonl.")
    journal = _journal(folder / row["files"]["dir"])
    told = [one.result.data for one in journal.asked]
    text = journal.incident.text.lower()
    alarms = [alarm for data in told if isinstance(data, AlarmData) for alarm in data.alarms]
    known = [one for data in told if isinstance(data, SeriesData) for one in data.series]
    patterns = [p for data in told if isinstance(data, LogData) for p in data.patterns]
    return Recorded(
        id=row["id"],
        at=journal.incident.at,
        text=journal.incident.text,
        topology=topology(journal),
        series=_longest(known),
        own=tuple(one for one in known if one.signal is Signal.OTHER),
        alarms=tuple(a for a in alarms if a.state == "alarm" and a.name.lower() in text),
        changes=tuple(c for data in told if isinstance(data, ChangeData) for c in data.changes),
        logs={p.service: tuple(q for q in patterns if q.service == p.service) for p in patterns},
        activity=tuple(a for data in told if isinstance(data, ActivityData) for a in data.activity),
        journal=journal,
    )


def topology(journal: Journal) -> Topology:
    """What there was, as it was last told."""
    found = [a.result.data.topology for a in journal.asked if isinstance(a.result.data, TopologyData)]
    return found[-1] if found else Topology()


def _journal(folder: Path) -> Journal:
    try:
        (beginning,) = lines.read(folder / BEGINNING)
        asked = tuple(Asked.model_validate(row) for row in lines.read(folder / CALLS))
        return Journal.model_validate({**beginning, "asked": asked})
    except ValidationError as error:
        first = error.errors()[0]
        why = f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
    except ValueError:
        why = f"{BEGINNING} holds more than one line, or none"
    raise RunbookError(f"the case in {folder} cannot be read: {why}", "Record it again with --replace.")


def _longest(known: list[Series]) -> dict[Key, Series]:
    """The longest series of each signal that has a name of ours."""
    found: dict[Key, Series] = {}
    for one in sorted(known, key=lambda series: series.window.seconds):
        if one.signal is not Signal.OTHER:
            found[one.service, one.signal] = one
    return found
