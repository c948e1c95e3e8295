"""The log of every Web API call: in memory for `/_slack/calls`, and as JSON lines in the state folder."""

import json
from pathlib import Path
from typing import Any


class CallLog:
    """Arguments without tokens, which kind of token, the answer, when and how long."""

    def __init__(self, folder: Path | None) -> None:
        self.rows: list[dict[str, Any]] = []
        self._file = None
        if folder:
            folder.mkdir(parents=True, exist_ok=True)
            self._file = (folder / "slack-calls.jsonl").open("a", encoding="utf-8", buffering=1)

    def add(self, row: dict[str, Any]) -> None:
        """Write one call down."""
        self.rows.append(row)
        if self._file:
            self._file.write(json.dumps(row, ensure_ascii=False) + "\n")

    def since(self, number: int, method: str = "") -> list[dict[str, Any]]:
        """The calls from `number` on, perhaps of one method only."""
        return [row for row in self.rows[number:] if not method or row["method"] == method]

    def close(self) -> None:
        """Close the file."""
        if self._file:
            self._file.close()
