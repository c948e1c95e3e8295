"""Copies for people and `grep`, written after commit; the product never reads them."""

import json
import logging
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

from pydantic import JsonValue

from workers.domain.event import Event

log = logging.getLogger(__name__)


class Mirror:
    """`<folder>/scratchpad/<id>.jsonl` and `<folder>/audit/approvals.jsonl`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def event(self, investigation: str, seq: int, event: Event) -> None:
        line = json.dumps({"seq": seq, **event.model_dump(mode="json")}, ensure_ascii=False)
        self._append(self.folder / "scratchpad" / f"{investigation}.jsonl", line)

    def audit(self, record: dict[str, JsonValue]) -> None:
        self._append(self.folder / "audit" / "approvals.jsonl", json.dumps(record, ensure_ascii=False))

    def drop(self, investigations: Iterable[str]) -> None:
        """Remove the copies of these."""
        for one in investigations:
            (self.folder / "scratchpad" / f"{one}.jsonl").unlink(missing_ok=True)

    def prune(self, before: float, *, dry: bool = False) -> int:
        """Remove the copies of what is older than `before`, in Unix seconds; returns how many there were."""
        old = [p for p in (self.folder / "scratchpad").glob("*.jsonl") if p.stat().st_mtime < before]
        told = self.folder / "audit" / "approvals.jsonl"
        lines = told.read_text(encoding="utf-8").splitlines(keepends=True) if told.exists() else []
        first = next((n for n, line in enumerate(lines) if _at(line) >= before), len(lines))
        if not dry:
            for path in old:
                path.unlink(missing_ok=True)
            if first:
                part = told.with_name(f"{told.name}.part")
                part.write_text("".join(lines[first:]), encoding="utf-8")
                part.replace(told)
        return len(old) + first

    def _append(self, path: Path, line: str) -> None:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("a", encoding="utf-8") as file:
                file.write(line + "\n")
        except OSError as error:
            # The ledger has it; a full disk here must not stop an investigation.
            log.warning("could not copy a record to %s: %s", path, error)


def _at(line: str) -> float:
    """When a record was made; one that does not say so is as old as those before it."""
    try:
        return datetime.fromisoformat(json.loads(line)["at"]).timestamp()
    except (ValueError, KeyError, TypeError):
        return 0.0
