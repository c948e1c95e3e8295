"""Tools over HTTP: what a model may ask, what it asks and is told, in the order that the API wants."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.messages_api import KEY, MessagesApi, Turn
from workers.domain.call import Thought, Tool, ToolUse
from workers.domain.errors import ModelFailed
from workers.llm import Message, Prompt, Reply, Told
from workers.llm.claude import Claude, direct
from workers.llm.hosted import TRIES

SONNET = "claude-sonnet-5-5"
SCHEMA = {"type": "object", "properties": {"words": {"type": "string"}}, "required": ["words"]}
ANSWER = '{"words": "checkout is slow"}'
LOGS = Tool(
    name="logs",
    description="Log lines.",
    arguments={"type": "object", "properties": {"service": {"type": "string"}}, "required": ["service"]},
)
ASKED = Turn(text="I look.", uses=(("logs", {"service": "checkout"}), ("logs", {"service": "web"})))
THOUGHTS = ({"type": "thinking", "thinking": "Logs may tell. " * 3, "signature": "c2ln"},)


def asking(*messages: Message, system: str = "You look.", **more: Any) -> Prompt:
    talk = (Message(role="user", text="Why?"), *messages)
    return Prompt(system=system, messages=talk, answer=SCHEMA, most=500, tools=(LOGS,), **more)


def ask(api: MessagesApi, prompt: Prompt) -> Reply:
    return Claude(SONNET, direct(KEY, api.address), sleep=lambda _: None).ask(prompt)


def spoken(reply: Reply) -> Message:
    return Message(role="assistant", text=reply.text, thoughts=reply.thoughts, uses=reply.uses)


def told(*uses: ToolUse, **more: Any) -> Message:
    return Message(role="user", told=tuple(Told(id=use.id, text=f"about {use.name}") for use in uses), **more)


def test_tools_that_a_model_asks_come_with_their_arguments(api: MessagesApi) -> None:
    api.says(ASKED)

    reply = ask(api, asking())

    assert (reply.text, reply.stop) == ("I look.", "tool_use")
    assert [(use.name, use.arguments) for use in reply.uses] == [
        ("logs", {"service": "checkout"}),
        ("logs", {"service": "web"}),
    ]


def test_what_tools_said_comes_first_in_the_next_turn(
    api: MessagesApi, golden: Callable[[str, Any], None]
) -> None:
    api.says(ASKED, ANSWER)
    reply = ask(api, asking())

    answer = ask(api, asking(spoken(reply), told(*reply.uses, text="Be short."), closed=True))

    assert answer.text == ANSWER
    body = json.dumps(api.bodies[1])
    for number, use in enumerate(reply.uses):
        body = body.replace(use.id, f"toolu_{number}")
    golden("llm_request_tools", json.loads(body))


def test_thoughts_are_handed_back_unaltered(api: MessagesApi) -> None:
    sealed = {"type": "redacted_thinking", "data": "c2VhbGVk"}
    api.says(Turn(uses=ASKED.uses, thoughts=(*THOUGHTS, sealed)), ANSWER)
    reply = ask(api, asking())

    ask(api, asking(spoken(reply), told(*reply.uses)))

    assert reply.thoughts == (
        Thought(text=THOUGHTS[0]["thinking"], signature="c2ln"),
        Thought(sealed="c2VhbGVk"),
    )
    assert api.bodies[1]["messages"][1]["content"][:2] == [*THOUGHTS, sealed]


def test_second_turn_reads_the_first_from_the_cache(api: MessagesApi) -> None:
    api.says(ASKED, ANSWER)
    long = "You look. " * 600
    first = ask(api, asking(system=long))

    second = ask(api, asking(spoken(first), told(*first.uses), system=long))

    assert first.usage.stored == second.usage.cached > 1000
    assert second.usage.input == 0


@pytest.mark.parametrize(
    "given", ['{"service": NaN}', '{"service": 1e999}', '{"service": "che', "[]", '"checkout"']
)
def test_arguments_that_are_no_json_object_count_as_damaged(api: MessagesApi, given: str) -> None:
    api.script = lambda body: Turn(uses=(("logs", given),))

    with pytest.raises(ModelFailed, match="came damaged"):
        ask(api, asking())

    assert api.asked == TRIES


def test_half_a_question_at_the_length_limit_is_none(api: MessagesApi) -> None:
    api.says(Turn(uses=(("logs", '{"service": "che'),), stop="max_tokens"))

    reply = ask(api, asking())

    assert (reply.stop, reply.uses) == ("max_tokens", ())


ONE, TWO = (ToolUse(id=f"toolu_{n}", name="logs", arguments={}) for n in (1, 2))
MODEL = Message(role="assistant", uses=(ONE, TWO))


@pytest.mark.parametrize(
    ("talk", "said"),
    [
        ((MODEL, told(ONE)), "immediately after: toolu_2"),
        ((MODEL, told(ONE, TWO, ONE)), "Found multiple `tool_result` blocks with id: toolu_1"),
        ((MODEL, Message(role="user", text="Go on.")), "immediately after: toolu_1, toolu_2"),
        ((Message(role="assistant", text="No."), told(ONE)), "unexpected `tool_use_id`"),
    ],
)
def test_talk_that_does_not_answer_its_tools_is_refused(
    api: MessagesApi, talk: tuple[Message, ...], said: str
) -> None:
    with pytest.raises(ModelFailed, match=f"it answered 400 .*{said[:40]}"):
        ask(api, asking(*talk))


def test_talk_with_tools_needs_them_offered(api: MessagesApi) -> None:
    bare = asking(MODEL, told(ONE, TWO)).model_copy(update={"tools": ()})

    with pytest.raises(ModelFailed, match="must define tools"):
        ask(api, bare)
