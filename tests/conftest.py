"""What all tests share: property tests that are the same in every run, and the golden files."""

import difflib
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from tests.chat_api import ChatApi, chat_api
from tests.messages_api import MessagesApi, messages_api

# A busy machine is no reason to fail, and a failure has to come back when the test is run again.
settings.register_profile(
    "runbook",
    deadline=None,
    derandomize=True,
    database=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("runbook")

GOLDEN = Path(__file__).parent / "golden"


@pytest.fixture(scope="session")
def served() -> Iterator[MessagesApi]:
    with messages_api() as one:
        yield one


@pytest.fixture
def api(served: MessagesApi) -> MessagesApi:
    """A local Messages API that has heard nothing yet."""
    served.forget()
    return served


@pytest.fixture(scope="session")
def chat_served() -> Iterator[ChatApi]:
    with chat_api() as one:
        yield one


@pytest.fixture
def chat(chat_served: ChatApi) -> ChatApi:
    """A local Chat Completions API that has heard nothing yet."""
    chat_served.forget()
    return chat_served


WAITING = ("tests/bot/", "tests/line/", "tests/workers/test_", "tests/workers/executor/")
"""Files whose tests mostly wait for other processes."""


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Spread what waits evenly among what computes, so that all cores are busy; the longest comes first."""
    files: dict[str, list[pytest.Item]] = {}
    for item in items:
        files.setdefault(item.nodeid.partition("::")[0], []).append(item)
    waiting = [file for file in reversed(files) if file.startswith(WAITING)]
    computing = [file for file in files if file not in waiting]
    place = {f: n / len(some) for some in (waiting, computing) for n, f in enumerate(some)}
    items[:] = [item for file in sorted(files, key=place.__getitem__) for item in files[file]]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--golden-update", action="store_true", help="write tests/golden anew from what the product says now"
    )


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[str, Any], None]:
    """Hold a JSON value against `tests/golden/<name>.json`, or write it there with --golden-update."""
    renewing = bool(request.config.getoption("--golden-update"))

    def held(name: str, value: Any) -> None:
        path = GOLDEN / f"{name}.json"
        said = json.dumps(value, indent=1, ensure_ascii=False) + "\n"
        if renewing:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(said, encoding="utf-8")
        was = path.read_text(encoding="utf-8") if path.exists() else ""
        if was != said:
            lines = difflib.unified_diff(
                was.splitlines(), said.splitlines(), "golden", "now", lineterm="", n=2
            )
            pytest.fail(
                f"{path.name} differs (--golden-update renews it):\n" + "\n".join(lines), pytrace=False
            )

    return held
