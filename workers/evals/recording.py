"""Recording: an investigation of the ledger is written as a case, without secrets and without people."""

import re
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

from workers.domain.approval import ApprovalState
from workers.domain.call import ChangeData
from workers.domain.errors import RunbookError
from workers.domain.event import Event, IncidentReported, QueryAnswered, QueryFailed, Steered
from workers.domain.incident import Thread
from workers.domain.investigation import Investigation, fold
from workers.evals import lines
from workers.evals.incidents import BEGINNING, CALLS, SET, topology
from workers.evals.lines import Row
from workers.evals.replay import Asked, Journal, Told
from workers.safety.redact import redacted, scrubbed

ELSEWHERE = Thread(team="T0EVAL", channel="C0EVAL")


class Taken(NamedTuple):
    """A case that was written: its folder, the file for its label, and whether it has one."""

    folder: Path
    truth: Path
    labelled: bool


def record(events: Iterable[Event], data: Path, *, replace: bool = False) -> Taken:
    """Write an investigation as a case of the set `incidents` below `data`.

    Its label is the cause that an approved change took back, where users were well after it; else there is
    none. Raises `RunbookError` where nothing can be answered again, and where the case exists already.
    """
    events = tuple(events)
    if not events:
        raise RunbookError("nobody knows that investigation", "Its id is at the foot of its root cause.")
    case = fold(events)
    _recordable(case)
    journal, label, place = _journal(events), _label(case), data / SET
    cases, truths = place / "cases.jsonl", place / "truth.jsonl"
    if _known(cases, case.id) and not replace:
        mend = "Give another folder, or --replace to write it anew; its label stays."
        raise RunbookError(f"{case.id} is in {place} already", mend)
    names, folder = _Names(case, journal), place / "cases" / case.id
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    dumped = journal.model_dump(mode="json")
    lines.write(folder / CALLS, names.taken_from(dumped.pop("asked")))
    lines.write(folder / BEGINNING, [names.taken_from(dumped)])
    if label is not None:
        _put(truths, names.taken_from(label))
    # Last: whatever breaks before it leaves no case behind.
    _put(cases, names.taken_from(_row(case, journal)))
    return Taken(folder, truths, labelled=_known(truths, case.id))


def _recordable(case: Investigation) -> None:
    if case.incident.question is not None:
        raise RunbookError(f"{case.id} answers a question", "Only an incident has a cause to be found again.")
    if case.phase == "investigating":
        raise RunbookError(f"{case.id} still goes on", "Record it when it has come to its end.")


def _journal(events: tuple[Event, ...]) -> Journal:
    calls, asked, told = fold(events).queries, list[Asked](), list[Told]()
    for event in events:
        if isinstance(event, QueryAnswered | QueryFailed):
            asked.append(Asked(call=calls[event.query].call, result=event.result))
        elif isinstance(event, Steered):
            told.append(Told(after=len(asked), event=event))
    first = events[0]
    assert isinstance(first, IncidentReported)
    incident = first.incident.model_copy(update={"thread": ELSEWHERE})
    return Journal(incident=incident, began=first.at, told=tuple(told), asked=tuple(asked))


def _label(case: Investigation) -> Row | None:
    for approval in case.approvals:
        outcome = case.outcomes.get(approval.id)
        if approval.state is not ApprovalState.SUCCEEDED or outcome is None or not outcome.recovered:
            continue
        healed = {remedy.hypothesis for remedy in case.remedies if remedy.call.hash == approval.call.hash}
        for cause in case.conclusion.causes if case.conclusion else ():
            if cause.hypothesis in healed:
                return {"id": case.id, "service": cause.service, "fault_type": cause.mode}
    return None


def _row(case: Investigation, journal: Journal) -> Row:
    there = topology(journal)
    return {
        "id": case.id,
        "set": SET,
        "detect_ts": int(case.incident.at.timestamp()),
        "services": [resource.name for resource in there.resources],
        "edges": [[edge.caller, edge.callee] for edge in there.edges],
        "symptom": {"text": case.incident.text},
        "files": {"dir": f"cases/{case.id}"},
    }


def _known(path: Path, key: str) -> bool:
    return path.is_file() and any(row.get("id") == key for row in lines.read(path))


def _put(path: Path, row: Row) -> None:
    """Add a row, in the place of one with its id."""
    others = [one for one in lines.read(path) if one.get("id") != row["id"]] if path.is_file() else []
    lines.write(path, [*others, row])


_MENTION = r"<@[UW]\w{1,20}(?:\|[^>\n]{0,80})?>"
_ADDRESS = r"(?<![\w.+-])[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,5}"


class _Names:
    """People as numbers: the same one always by the same number, wherever it is named."""

    def __init__(self, case: Investigation, journal: Journal) -> None:
        # A machine that changes things may be called like a service, whose name has to stay.
        places = {resource.name for resource in topology(journal).resources}
        named = dict.fromkeys(name for name in _people(case) if name and name not in places)
        self._numbers = {name: f"person-{number}" for number, name in enumerate(named, 1)}
        known = sorted(map(re.escape, named), key=len, reverse=True)
        whole = [rf"(?<![\w-])(?:{'|'.join(known)})(?![\w-])"] if known else []
        self._pattern = re.compile("|".join((_MENTION, *whole, _ADDRESS)))

    def taken_from(self, value: Any) -> Any:
        """The value without secrets, with numbers in the place of people."""
        return scrubbed(value, lambda text: self._pattern.sub(self._number, redacted(text)))

    def _number(self, found: re.Match[str]) -> str:
        name = found.group().removeprefix("<@").removesuffix(">").partition("|")[0]
        return self._numbers.setdefault(name, f"person-{len(self._numbers) + 1}")


def _people(case: Investigation) -> Iterable[str]:
    """Everybody whom the journal knows as a person, or as who changed something."""
    persons = (case.incident.requester, *(event.person for event in case.steering))
    yield from (person.id for person in persons if person is not None)
    for approval in case.approvals:
        yield from (*approval.approvers, *(vote.person.id for vote in approval.votes))
    for result in case.results.values():
        for change in result.data.changes if isinstance(result.data, ChangeData) else ():
            if not change.actor.endswith(".amazonaws.com"):  # a service of AWS is nobody
                yield change.actor
