"""Claude by Amazon Bedrock and Google's Vertex AI: the same answers, signed and refused their way."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests import vertex_door
from tests.messages_api import KEY, MessagesApi, Turn
from tests.workers.llm.asked import ANSWER, Sleeps, asking, failed
from workers.llm.claude import Claude, bedrock, direct, vertex

SONNET = "claude-sonnet-5-5"
KEYS = ("AKIA" + "A" * 16, "s" * 40, None)
CLOUDS = ("bedrock", "vertex")

Cloud = Callable[[str], Claude]


@pytest.fixture
def cloud(api: MessagesApi, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cloud:
    account = api.google.account(tmp_path, api.address)
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(account))
    hosts = {
        "bedrock": lambda: bedrock("eu-west-1", lambda: KEYS, api.address),
        "vertex": lambda: vertex(vertex_door.REGION, vertex_door.PROJECT, api.address),
    }
    return lambda name: Claude(SONNET, hosts[name](), sleep=Sleeps())


@pytest.mark.parametrize("name", CLOUDS)
def test_cloud_answers_the_same(api: MessagesApi, cloud: Cloud, name: str) -> None:
    api.says(Turn(text=ANSWER, fault="cut"), ANSWER, ANSWER)

    reply = cloud(name).ask(asking())

    assert reply == Claude(SONNET, direct(KEY, api.address)).ask(asking())
    assert api.bodies[0] == api.bodies[2]


@pytest.mark.parametrize("name", CLOUDS)
def test_throttling_passes_though_no_time_is_named(api: MessagesApi, cloud: Cloud, name: str) -> None:
    api.says(Turn(status=429, message="Resource exhausted"), ANSWER)

    assert cloud(name).ask(asking()).text == ANSWER


@pytest.mark.parametrize(
    ("name", "status", "mend"),
    [
        ("bedrock", 403, "bedrock:InvokeModelWithResponseStream"),
        ("bedrock", 404, "llm.region"),
        ("vertex", 401, "Google credentials"),
        ("vertex", 403, "Vertex AI User"),
        ("vertex", 404, "llm.project"),
    ],
)
def test_refusal_is_told_in_the_clouds_words_and_mended_there(
    api: MessagesApi, cloud: Cloud, name: str, status: int, mend: str
) -> None:
    api.says(Turn(status=status, message="Not for you."))

    error = failed(cloud(name))

    assert str(error) == f"it answered {status} (Not for you.)"
    assert mend in error.mend
    assert api.asked == 1


@pytest.mark.parametrize("name", CLOUDS)
def test_question_too_long_for_a_cloud_says_so(api: MessagesApi, cloud: Cloud, name: str) -> None:
    api.says(Turn(status=400, message="Input is too long for requested model."))

    assert failed(cloud(name)).too_long


def test_token_is_asked_for_once_as_long_as_it_lasts(api: MessagesApi, cloud: Cloud) -> None:
    asked = cloud("vertex")

    asked.ask(asking())
    asked.ask(asking())

    assert api.google.given == ["ya29.local-1"]
    assert api.asked == 2


def test_token_that_runs_out_is_renewed(api: MessagesApi, cloud: Cloud) -> None:
    api.google.lasts = 60
    asked = cloud("vertex")

    asked.ask(asking())
    asked.ask(asking())

    assert api.google.given == ["ya29.local-1", "ya29.local-2"]


def test_google_that_gives_no_token_is_told_and_no_model_asked(api: MessagesApi, cloud: Cloud) -> None:
    api.google.refuses = "invalid_grant"

    error = failed(cloud("vertex"))

    assert "Google gave no token (invalid_grant" in str(error)
    assert "Google credentials" in error.mend
    assert api.asked == 0


def test_machine_without_google_credentials_says_so(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", "/nowhere.json")

    assert "Google gave no token (File /nowhere.json was not found" in str(failed(cloud("vertex")))
