"""Claude over HTTP: what is asked stands in the request; each fault ends in an answer or in its reason."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.messages_api import KEY, MessagesApi, Turn, messages_api
from workers.domain.errors import ModelFailed
from workers.llm import Message, Prompt
from workers.llm.claude import TRIES, Claude, bedrock, direct

SONNET = "claude-sonnet-5-5"
SCHEMA = {
    "type": "object",
    "properties": {"words": {"type": "array", "items": {"type": "string"}, "maxItems": 3}},
    "required": ["words"],
}
ANSWER = '{"words": ["checkout", "is", "slow"]}'


class Sleeps(list[float]):
    """Waits nothing, and keeps how long it was asked to."""

    def __call__(self, seconds: float) -> None:
        self.append(seconds)


def asking(*messages: Message, system: str = "You find causes.") -> Prompt:
    return Prompt(
        system=system, messages=messages or (Message(role="user", text="Why?"),), answer=SCHEMA, most=500
    )


def claude(api: MessagesApi, sleeps: Sleeps | None = None, **given: Any) -> Claude:
    sleep = Sleeps() if sleeps is None else sleeps
    return Claude(SONNET, direct(KEY, api.address), sleep=sleep, **given)


def failed(claude: Claude) -> ModelFailed:
    with pytest.raises(ModelFailed) as caught:
        claude.ask(asking())
    return caught.value


# An answer


def test_answer_comes_whole_with_what_it_used(api: MessagesApi) -> None:
    api.says(ANSWER)

    reply = claude(api).ask(asking())

    assert (reply.text, reply.stop, reply.model) == (ANSWER, "end_turn", SONNET)
    assert (reply.usage.input, reply.usage.output) == (5, 10)


def test_request_is_golden(api: MessagesApi, golden: Callable[[str, Any], None]) -> None:
    talk = (
        Message(role="user", text="Why?"),
        Message(role="assistant", text="?"),
        Message(role="user", text="Again."),
    )

    claude(api).ask(asking(*talk))

    golden("llm_request", api.bodies[0])


def test_second_question_reads_the_system_prompt_from_the_cache(api: MessagesApi) -> None:
    asked, long = claude(api), asking(system="You find causes. " * 300)

    first, second = asked.ask(long).usage, asked.ask(long).usage

    assert first.stored == second.cached > 1000
    assert first.cached == second.stored == 0
    assert second.tokens == first.tokens


@pytest.mark.parametrize("stop", ["max_tokens", "refusal", "model_context_window_exceeded", "gone_home"])
def test_reason_for_stopping_is_handed_on_as_it_was_said(api: MessagesApi, stop: str) -> None:
    api.says(Turn(text=ANSWER[:12], stop=stop))

    assert claude(api).ask(asking()).stop == stop


def test_tool_that_nobody_offered_leaves_no_text_and_says_so(api: MessagesApi) -> None:
    api.says(Turn(uses=(("delete_cluster", {"cluster": "prod"}),)))

    reply = claude(api).ask(asking())

    assert (reply.text, reply.stop) == ("", "tool_use")


# What passes by itself


def test_too_many_requests_are_repeated_after_as_long_as_told(api: MessagesApi) -> None:
    sleeps = Sleeps()
    api.says(Turn(status=429, headers={"retry-after": "7"}), ANSWER)

    assert claude(api, sleeps).ask(asking()).text == ANSWER
    assert sleeps == [7.0]


def test_no_longer_waited_than_patience_lasts(api: MessagesApi) -> None:
    sleeps = Sleeps()
    api.says(Turn(status=429, headers={"retry-after": "3600"}))

    assert "429" in str(failed(claude(api, sleeps, patience=60)))
    assert not sleeps
    assert api.asked == 1


@pytest.mark.parametrize("status", [529, 500, 503, 504, 408])
def test_trouble_over_there_is_tried_again_with_growing_pauses(api: MessagesApi, status: int) -> None:
    sleeps = Sleeps()
    api.says(Turn(status=status), Turn(status=status), ANSWER)

    assert claude(api, sleeps).ask(asking()).text == ANSWER
    assert len(sleeps) == 2
    assert 0 < sleeps[0] < sleeps[1] < 8


def test_trouble_that_stays_is_told_after_four_tries(api: MessagesApi) -> None:
    api.script = lambda body: Turn(status=529, message="Overloaded")

    assert str(failed(claude(api))) == "it answered 529 (Overloaded)"
    assert api.asked == TRIES


@pytest.mark.parametrize("fault", ["cut", "early", "error", "damage"])
@pytest.mark.parametrize("after", range(7))
def test_half_an_answer_counts_as_none_wherever_it_breaks_off(
    api: MessagesApi, fault: str, after: int
) -> None:
    api.says(Turn(text=ANSWER, fault=fault, after=after), ANSWER)

    assert claude(api).ask(asking()).text == ANSWER
    assert api.asked == 2


def test_silence_in_the_middle_is_not_waited_out(api: MessagesApi) -> None:
    api.says(Turn(text=ANSWER, fault="stall", seconds=0.4), ANSWER)

    assert claude(api, pause=0.1).ask(asking()).text == ANSWER
    assert api.asked == 2


def test_answer_that_trickles_ends_with_patience(api: MessagesApi) -> None:
    api.says(Turn(text=ANSWER, fault="stall", seconds=0.2))

    assert "longer than 0.1 s" in str(failed(claude(api, patience=0.1)))


def test_nobody_there_is_told_as_such() -> None:
    gone = Claude(SONNET, direct(KEY, "http://127.0.0.1:9"), sleep=Sleeps())

    assert "connection broke" in str(failed(gone))


# What does not


@pytest.mark.parametrize(
    ("turn", "said"),
    [
        (Turn(status=429, code="enforced_spend_limit_reached", message="monthly cap"), "429 (monthly cap)"),
        (Turn(status=400, message="You have reached your specified API usage limits"), "usage limits"),
        (Turn(status=402), "402"),
        (Turn(status=403), "403"),
        (Turn(status=529, headers={"x-should-retry": "false"}), "529"),
        (Turn(text=ANSWER, fault="error", code="400", message="bad block"), "bad block"),
    ],
)
def test_what_does_not_pass_is_not_tried_again(api: MessagesApi, turn: Turn, said: str) -> None:
    api.says(turn)

    assert said in str(failed(claude(api)))
    assert api.asked == 1


def test_wrong_key_and_unknown_model_say_which_setting_to_check(api: MessagesApi) -> None:
    wrong_key = Claude(SONNET, direct("sk-wrong", api.address))
    no_model = Claude("claude-3", direct(KEY, api.address))

    assert failed(wrong_key).mend == "Check llm.api_key."
    assert failed(no_model).mend == "Check llm.model and llm.base_url."


def test_question_that_is_too_long_says_so(api: MessagesApi) -> None:
    with messages_api((SONNET,), window=10) as small:
        error = failed_on(small, asking(system="word " * 100))

    assert error.too_long
    assert not error.passing


def failed_on(api: MessagesApi, prompt: Prompt) -> ModelFailed:
    with pytest.raises(ModelFailed) as caught:
        claude(api).ask(prompt)
    return caught.value


def test_web_page_in_place_of_an_answer_is_no_answer(api: MessagesApi) -> None:
    api.script = lambda body: Turn(fault="page")

    assert "broke off" in str(failed(claude(api)))


def test_event_without_its_fields_is_no_answer(api: MessagesApi) -> None:
    api.says(Turn(text=ANSWER, fault="odd"))

    assert "could not be asked" in str(failed(claude(api)))


@pytest.mark.parametrize(
    "trouble", [OSError("no profile"), KeyError("region"), RuntimeError("no google-auth")]
)
def test_credentials_that_cannot_be_had_are_no_crash(trouble: Exception) -> None:
    def connect(pause: float) -> Any:
        raise trouble

    assert "could not be asked" in str(failed(Claude(SONNET, connect, sleep=Sleeps())))


# Elsewhere


def test_bedrock_answers_the_same(api: MessagesApi) -> None:
    keys = ("AKIA" + "A" * 16, "s" * 40, None)
    elsewhere = Claude(SONNET, bedrock("eu-west-1", lambda: keys, api.address), sleep=Sleeps())
    api.says(Turn(text=ANSWER, fault="cut"), ANSWER, ANSWER)

    reply = elsewhere.ask(asking())

    assert reply == claude(api).ask(asking())
    assert api.bodies[0] == api.bodies[2]
