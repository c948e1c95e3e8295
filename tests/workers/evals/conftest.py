"""A made-up set of one case, which several files read."""

import gzip
import json
from pathlib import Path

import pytest

PLACES = ("front", "search", "stock")
# Requests of five minutes; seconds a request takes, before, during and after.
REQUESTS, USUAL, WORSE = 600, 0.05, 0.35


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A set of one case: front calls search and stock, and search is slow for ten minutes."""
    folder = tmp_path / "petshop"
    folder.mkdir()
    rows = [(at, place, _latency(place, at)) for place in PLACES for at in range(0, 1500, 300)]
    _points(folder / "case.csv.gz", rows)
    _points(folder / "usual.csv.gz", [(at, p, USUAL) for p in PLACES for at in range(0, 30_000, 300)])
    case = {
        "id": "one",
        "set": "petshop",
        "detect_ts": 780,
        "services": list(PLACES),
        "edges": [["front", "search"], ["front", "stock"]],
        "symptom": {"node": "front", "metric": "latency"},
        "files": {"metrics": "case.csv.gz", "baseline": "usual.csv.gz"},
    }
    (folder / "cases.jsonl").write_text(json.dumps(case) + "\n")
    (folder / "truth.jsonl").write_text(
        json.dumps({"id": "one", "service": "search", "fault_type": "latency"}) + "\n"
    )
    return tmp_path


def _latency(place: str, at: int) -> float:
    return WORSE if place in ("front", "search") and 600 <= at < 1200 else USUAL


def _points(path: Path, rows: list[tuple[int, str, float]]) -> None:
    lines = ["ts,node,metric,stat,value"]
    for at, place, latency in rows:
        lines.append(f"{at},{place},latency,Average,{latency}")
        lines.append(f"{at},{place},requests,Sum,{REQUESTS}")
        lines.append(f"{at},{place},availability,Average,100")
    path.write_bytes(gzip.compress("\n".join(lines).encode()))
