"""Faults that every provider knows, over HTTP: each ends in an answer, or in its reason."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests.chat_api import chat_api
from tests.messages_api import messages_api
from tests.model_server import KEY, ModelServer, Turn
from tests.workers.llm.asked import ANSWER, Sleeps, asking, failed
from workers.llm.chat import ChatModel, completions
from workers.llm.claude import Claude, direct
from workers.llm.hosted import TRIES, Host, Hosted

SONNET, GPT = "claude-sonnet-5-5", "gpt-6-astra"


@dataclass(frozen=True)
class Served:
    """A provider and the stand-in for what it asks."""

    kind: type[Hosted]
    host: Callable[[str, str], Host]
    model: str
    api: ModelServer
    events: int
    """Of its stream for ANSWER, as far as the answer needs them."""

    def asks(self, sleep: Sleeps | None = None, *, key: str = KEY, model: str = "", **given: Any) -> Hosted:
        host = self.host(key, self.api.address)
        return self.kind(model or self.model, host, sleep=Sleeps() if sleep is None else sleep, **given)


@pytest.fixture(scope="module", params=["messages", "chat"])
def standing(request: pytest.FixtureRequest) -> Iterator[Served]:
    if request.param == "messages":
        with messages_api((SONNET,)) as api:
            yield Served(Claude, direct, SONNET, api, 7)
        return
    with chat_api((GPT,)) as api:
        yield Served(ChatModel, lambda key, url: completions(key, f"{url}/v1"), GPT, api, 5)


@pytest.fixture
def served(standing: Served) -> Served:
    standing.api.forget()
    return standing


# What passes by itself


def test_too_many_requests_are_repeated_after_as_long_as_told(served: Served) -> None:
    sleeps = Sleeps()
    served.api.says(Turn(status=429, headers={"retry-after": "7"}), ANSWER)

    assert served.asks(sleeps).ask(asking()).text == ANSWER
    assert sleeps == [7.0]


def test_no_longer_waited_than_patience_lasts(served: Served) -> None:
    sleeps = Sleeps()
    served.api.says(Turn(status=429, headers={"retry-after": "3600"}))

    assert "429" in str(failed(served.asks(sleeps, patience=60)))
    assert not sleeps
    assert served.api.asked == 1


@pytest.mark.parametrize("status", [529, 500, 503, 504, 408])
def test_trouble_over_there_is_tried_again_with_growing_pauses(served: Served, status: int) -> None:
    sleeps = Sleeps()
    served.api.says(Turn(status=status), Turn(status=status), ANSWER)

    assert served.asks(sleeps).ask(asking()).text == ANSWER
    assert len(sleeps) == 2
    assert 0 < sleeps[0] < sleeps[1] < 8


def test_trouble_that_stays_is_told_after_four_tries(served: Served) -> None:
    served.api.script = lambda body: Turn(status=529, message="Overloaded")

    assert str(failed(served.asks())) == "it answered 529 (Overloaded)"
    assert served.api.asked == TRIES


@pytest.mark.parametrize("fault", ["cut", "early", "error", "damage"])
def test_half_an_answer_counts_as_none_wherever_it_breaks_off(served: Served, fault: str) -> None:
    provider = served.asks()
    for after in range(served.events):
        served.api.forget()
        served.api.says(Turn(text=ANSWER, fault=fault, after=after), ANSWER)

        assert provider.ask(asking()).text == ANSWER, after
        assert served.api.asked == 2, after


def test_silence_in_the_middle_is_not_waited_out(served: Served) -> None:
    served.api.says(Turn(text=ANSWER, fault="stall", seconds=0.4), ANSWER)

    assert served.asks(pause=0.1).ask(asking()).text == ANSWER
    assert served.api.asked == 2


def test_answer_that_trickles_ends_with_patience(served: Served) -> None:
    served.api.says(Turn(text=ANSWER, fault="stall", seconds=0.2))

    assert "longer than 0.1 s" in str(failed(served.asks(patience=0.1)))


def test_nobody_there_is_told_as_such(served: Served) -> None:
    gone = served.kind(served.model, served.host(KEY, "http://127.0.0.1:9"), sleep=Sleeps())

    assert "connection broke" in str(failed(gone))


# What does not


@pytest.mark.parametrize(
    ("turn", "said"),
    [
        (Turn(status=400, message="You have reached your specified API usage limits"), "usage limits"),
        (Turn(status=402), "402"),
        (Turn(status=403), "403"),
        (Turn(status=529, headers={"x-should-retry": "false"}), "529"),
        (Turn(text=ANSWER, fault="error", code="400", message="bad block"), "bad block"),
    ],
)
def test_what_does_not_pass_is_not_tried_again(served: Served, turn: Turn, said: str) -> None:
    served.api.says(turn)

    assert said in str(failed(served.asks()))
    assert served.api.asked == 1


def test_wrong_key_and_unknown_model_say_which_setting_to_check(served: Served) -> None:
    assert failed(served.asks(key="sk-wrong")).mend == "Check llm.api_key."
    assert failed(served.asks(model="eliza")).mend == "Check llm.model and llm.base_url."


def test_question_that_is_too_long_says_so(served: Served) -> None:
    error = failed(served.asks(), asking(system="word " * 200_000))

    assert error.too_long
    assert not error.passing


def test_web_page_in_place_of_an_answer_is_no_answer(served: Served) -> None:
    served.api.script = lambda body: Turn(fault="page")

    assert "broke off" in str(failed(served.asks()))


def test_event_without_its_fields_is_no_answer(served: Served) -> None:
    served.api.says(Turn(text=ANSWER, fault="odd"))

    assert "could not be asked" in str(failed(served.asks()))


@pytest.mark.parametrize(
    "trouble", [OSError("no profile"), KeyError("region"), RuntimeError("no google-auth")]
)
def test_credentials_that_cannot_be_had_are_no_crash(served: Served, trouble: Exception) -> None:
    def connect(pause: float) -> Any:
        raise trouble

    assert "could not be asked" in str(
        failed(served.kind(served.model, Host("here", connect), sleep=Sleeps()))
    )
