"""Hostile texts in the telemetry of the local cloud: on its wire, in its alerts, runbooks and threads."""

import json
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from knowledge.chunker import chunks
from knowledge.document import Passage
from knowledge.sources.filesystem import Filesystem
from tests.faults.wire import wire
from tests.scenarios.worlds import POLICY, Cloud, now, reported
from tests.workers import making
from tests.workers.safety.hostile import CANARY, Text
from workers.agent.investigator import Investigator
from workers.agent.reasoner import Reasoner
from workers.domain.budget import Budget
from workers.domain.errors import BadDocument
from workers.domain.event import Steered
from workers.domain.investigation import Investigation
from workers.safety.gate import Gate
from workers.tools import AWS, runbooks
from workers.tools.inventory import Account
from workers.tools.runbooks import Library

BESIDE = f" token={CANARY}"


@dataclass(frozen=True)
class Shelf:
    """The runbooks of a folder, all of which bear on every question."""

    folder: Path

    def search(self, *_: Any, **__: Any) -> tuple[Passage, ...]:
        documents = [one for one in Filesystem(self.folder).read() if not isinstance(one, BadDocument)]
        pieces = [piece for document in documents for piece in chunks(document)]
        return tuple(Passage(chunk=piece, score=0.9, found="vector", age_days=3) for piece in pieces[:3])


@contextmanager
def poisoned(cloud: Cloud, texts: Sequence[Text]) -> Generator[Cloud]:
    """The cloud as it answers where somebody has written these into its logs, events and tags."""
    written = [one.text + BESIDE for one in texts]
    with wire(cloud.address) as between:
        between.rewritten = lambda name, answer: _planted(name, answer, written)
        yield Cloud(between.url, cloud.state)


def investigated(
    cloud: Cloud, alert: str, texts: Sequence[Text], folder: Path, mind: Reasoner
) -> Investigation:
    """An alert with these in its description, in the thread under it and in the runbooks of `folder`, too."""
    described = "".join(f"\nDescription: {one.text}{BESIDE}" for one in texts[:3])
    case = reported(f"{alert}{described}", now())
    for number, one in enumerate(texts):
        said = Steered(at=now(), person=making.BEN, text=one.text + BESIDE, message=f"1.{number}")
        case = case.apply(said)
        (folder / f"{number}.md").write_text(f"# Checkout\n\n## {one.text[:60]!r}\n\n{one.text}{BESIDE}\n")
    account, library = Account(cloud.aws()), Library(Shelf(folder), now)
    gate = Gate([*((toolset, account) for toolset in AWS), (runbooks.TOOLSET, library)], now)
    run = Investigator(case, mind, gate, POLICY, Budget(tokens=10_000_000), now)
    for _ in run.run():
        pass
    return run.case


def _planted(name: str, answer: bytes, texts: Sequence[str]) -> bytes:
    """An answer of the cloud with these in the places that others can write to."""
    put = next((put for operation, put in PLACES.items() if name.endswith(operation)), None)
    if put is None:
        return answer
    told = json.loads(answer)
    for number, text in enumerate(texts):
        put(told, number, text)
    return json.dumps(told).encode()


def _line(told: dict[str, Any], number: int, text: str) -> None:
    if told.get("events"):
        first = told["events"][0]
        told["events"].append({**first, "message": f"ERROR {text}", "eventId": f"{number}"})


def _event(told: dict[str, Any], number: int, text: str) -> None:
    for service in told.get("services", []):
        event = {"id": f"hostile-{number}", "createdAt": time.time() - 120, "message": text}
        service.setdefault("events", []).append(event)
        service.setdefault("tags", []).append({"key": f"note-{number}", "value": text})


def _named(told: dict[str, Any], number: int, text: str) -> None:
    for one in told.get("Events", [])[:1]:
        one["Username"] = text
        one.setdefault("Resources", []).append({"ResourceType": "AWS::S3::Object", "ResourceName": text})


PLACES = {".FilterLogEvents": _line, ".DescribeServices": _event, ".LookupEvents": _named}
"""What is written into the answers of these operations: a log line, an event and a tag, a file's name."""
