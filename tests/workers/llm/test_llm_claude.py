"""Claude over HTTP: what is asked stands in the request, and what is said in the reply."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.messages_api import KEY, MessagesApi, Turn
from tests.workers.llm.asked import ANSWER, Sleeps, asking, failed
from workers.llm import Message
from workers.llm.claude import Claude, direct

SONNET = "claude-sonnet-5-5"


def claude(api: MessagesApi) -> Claude:
    return Claude(SONNET, direct(KEY, api.address), sleep=Sleeps())


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


def test_spending_limit_is_not_waited_for(api: MessagesApi) -> None:
    api.says(Turn(status=429, code="enforced_spend_limit_reached", message="monthly cap"))

    assert "429 (monthly cap)" in str(failed(claude(api)))
    assert api.asked == 1
