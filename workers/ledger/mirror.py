"""Copies for people and `grep`, written after commit; the product never reads them."""

import json
import logging
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

    def _append(self, path: Path, line: str) -> None:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("a", encoding="utf-8") as file:
                file.write(line + "\n")
        except OSError as error:
            # The ledger has it; a full disk here must not stop an investigation.
            log.warning("could not copy a record to %s: %s", path, error)
