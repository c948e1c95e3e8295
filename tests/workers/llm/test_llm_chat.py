"""Any model behind Chat Completions, over HTTP: what is asked, and our words for what is said."""

import json
import sys
from collections.abc import Callable
from typing import Any

import pytest

from tests.chat_api import GPT, ChatApi
from tests.chat_rules import check
from tests.model_server import KEY, Turn
from tests.workers.llm.asked import ANSWER, Sleeps, asking, failed
from tests.workers.llm.test_llm_tools import ASKED, LOGS, spoken, told
from tests.workers.llm.test_llm_tools import asking as asking_tools
from workers.agent.answers import Account, Claims, Findings
from workers.domain.call import ToolUse
from workers.domain.value import Value
from workers.llm import Message, Told
from workers.llm.chat import ChatModel, completions
from workers.llm.chat_wire import request, strict


def model(chat: ChatApi) -> ChatModel:
    return ChatModel(GPT, completions(KEY, f"{chat.address}/v1"), sleep=Sleeps())


# An answer


def test_answer_comes_whole_with_what_it_used(chat: ChatApi) -> None:
    chat.says(ANSWER)

    reply = model(chat).ask(asking())

    assert (reply.text, reply.stop, reply.model) == (ANSWER, "end_turn", GPT)
    assert reply.usage.input > 5
    assert reply.usage.output == 10


def test_what_the_cache_gave_counts_once(chat: ChatApi) -> None:
    asked, long = model(chat), asking(system="You find causes. " * 300)

    first, second = asked.ask(long).usage, asked.ask(long).usage

    assert (first.cached, second.cached > 1000) == (0, True)
    assert second.tokens == first.tokens


@pytest.mark.parametrize(
    ("turn", "stop"),
    [
        (Turn(text=ANSWER[:12], stop="length"), "max_tokens"),
        (Turn(text=ANSWER[:12], stop="length", code="window"), "model_context_window_exceeded"),
        (Turn(text=ANSWER[:12], stop="content_filter"), "refusal"),
        (Turn(refusal="I cannot help with that."), "refusal"),
        (Turn(text=ANSWER, stop="gone_home"), "gone_home"),
    ],
)
def test_reason_for_stopping_is_told_in_our_words(chat: ChatApi, turn: Turn, stop: str) -> None:
    chat.says(turn)

    assert model(chat).ask(asking()).stop == stop


def test_server_that_does_not_count_is_not_asked_for_nothing(chat: ChatApi) -> None:
    chat.counts = False

    error = failed(model(chat))

    assert "without a count of its tokens" in str(error)
    assert "stream_options.include_usage" in error.mend


def test_quota_that_is_spent_is_not_waited_for(chat: ChatApi) -> None:
    chat.says(Turn(status=429, code="insufficient_quota", message="You exceeded your current quota"))

    assert "exceeded your current quota" in str(failed(model(chat)))
    assert chat.asked == 1


def test_too_many_requests_pass_though_no_time_is_named(chat: ChatApi) -> None:
    chat.says(Turn(status=429, message="Rate limit reached"), ANSWER)

    assert model(chat).ask(asking()).text == ANSWER


def test_package_that_is_gone_is_told_with_what_to_install(
    chat: ChatApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "openai", None)

    assert failed(model(chat)).mend == "pip install 'runbook[openai]'"


# Tools


def test_tools_that_a_model_asks_come_with_their_arguments(chat: ChatApi) -> None:
    chat.says(ASKED)

    reply = model(chat).ask(asking_tools())

    assert (reply.text, reply.stop) == ("I look.", "tool_use")
    assert [(use.name, use.arguments) for use in reply.uses] == [
        ("logs", {"service": "checkout"}),
        ("logs", {"service": "web"}),
    ]


def test_question_that_is_said_to_be_an_end_is_one_all_the_same(chat: ChatApi) -> None:
    chat.says(Turn(uses=ASKED.uses, stop="stop"))

    assert len(model(chat).ask(asking_tools()).uses) == 2


def test_half_a_question_at_the_length_limit_is_none(chat: ChatApi) -> None:
    chat.says(Turn(uses=(("logs", '{"service": "che'),), stop="length"))

    reply = model(chat).ask(asking_tools())

    assert (reply.stop, reply.uses) == ("max_tokens", ())


@pytest.mark.parametrize("given", ['{"service": NaN}', '{"service": "che', "[]"])
def test_arguments_that_are_no_json_object_count_as_damaged(chat: ChatApi, given: str) -> None:
    chat.script = lambda body: Turn(uses=(("logs", given),))

    assert str(failed(model(chat), asking_tools())) == "its answer came damaged"


@pytest.mark.parametrize("beside", [(), ASKED.uses])
def test_answer_is_a_tool_of_its_own_and_none_beside_a_question(
    chat: ChatApi, beside: tuple[tuple[str, Any], ...]
) -> None:
    chat.says(Turn(uses=(*beside, ("answer", json.loads(ANSWER)))))

    reply = model(chat).ask(asking_tools())

    assert [use.name for use in reply.uses] == [name for name, _ in beside]
    assert (reply.text, reply.stop) == (("", "tool_use") if beside else (ANSWER, "end_turn"))


def test_requests_with_tools_are_golden(chat: ChatApi, golden: Callable[[str, Any], None]) -> None:
    chat.says(ASKED, ANSWER)
    reply = model(chat).ask(asking_tools())
    [first, second] = told(*reply.uses).told
    results = Message(role="user", told=(first, Told(id=second.id, text="no", failed=True)), text="Be short.")

    answer = model(chat).ask(asking_tools(spoken(reply), results, closed=True))

    assert answer.text == ANSWER
    bodies = json.dumps(chat.bodies)
    for number, use in enumerate(reply.uses):
        bodies = bodies.replace(use.id, f"call_{number}")
    golden("llm_requests_chat", json.loads(bodies))


def test_talk_that_does_not_answer_its_tools_is_refused(chat: ChatApi) -> None:
    one = ToolUse(id="call_1", name="logs", arguments={})
    asked = Message(role="assistant", uses=(one,))

    unanswered = failed(model(chat), asking_tools(asked, Message(role="user", text="Go on.")))
    unasked = failed(model(chat), asking_tools(Message(role="assistant", text="No."), told(one)))

    assert "it answered 400 (An assistant message with 'tool_calls'" in str(unanswered)
    assert "messages with role 'tool' must be a response" in str(unasked)


# Schemas


@pytest.mark.parametrize("answer", [Claims, Account, Findings])
def test_every_answer_that_we_want_is_a_strict_schema(answer: type[Value]) -> None:
    prompt = asking().model_copy(update={"answer": answer.model_json_schema()})

    check(request(GPT, prompt))
    check(request(GPT, prompt.model_copy(update={"tools": (LOGS,)})))


def test_limits_that_strict_mode_does_not_know_are_told_in_words() -> None:
    schema = strict(Findings.model_json_schema())

    assert schema["required"] == ["answer", "lines", "unknown"]
    assert schema["properties"]["answer"]["maxItems"] == 3
    assert schema["properties"]["unknown"]["description"] == '(default: "", maxLength: 400)'
