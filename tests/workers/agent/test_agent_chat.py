"""The mind that asks a model behind Chat Completions: the same scripts, the same answers, the same guards."""

import json

import pytest

from tests.chat_api import GPT, ChatApi
from tests.model_server import KEY, Turn
from tests.workers.agent import made
from tests.workers.agent.minds import claiming, gave_way, honest, minded
from tests.workers.agent.talks import SERVICES, TASKS, TOPOLOGY, begun
from tests.workers.agent.troubles import BY_MODE
from workers.agent.fallback import Fallback
from workers.agent.model import Limits
from workers.domain.investigation import Investigation
from workers.llm.chat import ChatModel, completions

LOCKS = {"where": "shop-db", "mode": "lock_contention"}


def mind(chat: ChatApi) -> Fallback:
    asked = ChatModel(GPT, completions(KEY, f"{chat.address}/v1"), pause=2, sleep=lambda _: None)
    return minded(asked, limits=Limits())


def thought(chat: ChatApi) -> Investigation:
    """About locks in a database, where nobody knows who needs whom: the rules alone find nothing."""
    trouble = BY_MODE["lock_contention"]
    world = trouble.build()
    world.needs = ()
    run = made.investigator(world, made.begun(trouble.text), reasoner=mind(chat))
    for _ in run.run():
        pass
    return run.case


def causes(case: Investigation) -> list[tuple[str, str]]:
    assert case.conclusion is not None
    return [(cause.service, cause.mode) for cause in case.conclusion.causes]


def test_model_names_a_place_that_the_rules_did_not_look_at(chat: ChatApi) -> None:
    chat.script = honest(LOCKS)

    case = thought(chat)

    assert causes(case) == [("shop-db", "lock_contention")]
    assert case.conclusion is not None
    assert case.conclusion.account
    assert case.usage.tokens > 1000
    assert case.dollars is None


@pytest.mark.parametrize(
    ("turn", "said"),
    [
        (Turn(refusal="I cannot help with that."), "it refused to answer"),
        (Turn(stop="content_filter"), "it refused to answer"),
        (Turn(text=claiming(LOCKS), stop="length"), "did not come to its end (max tokens)"),
        (Turn(text=claiming(LOCKS), stop="gone_home"), "did not come to its end (gone home)"),
        (Turn(uses=(("delete_cluster", {"cluster": "prod"}),)), "did not come to its end (tool use)"),
        (Turn(text="The database is at fault."), "could not be used, twice"),
        (Turn(status=429, code="insufficient_quota"), "it answered 429"),
        (Turn(text=claiming(LOCKS), fault="cut", after=2), "broke"),
    ],
)
def test_model_that_fails_leaves_the_answer_to_the_rules(chat: ChatApi, turn: Turn, said: str) -> None:
    chat.script = lambda body: turn

    case = thought(chat)

    assert said in gave_way(case)
    assert causes(case) == []


@pytest.mark.parametrize("answer", [Turn(uses=(("answer", json.loads(SERVICES)),)), Turn(text=SERVICES)])
def test_question_is_answered_from_what_tools_say(chat: ChatApi, answer: Turn) -> None:
    chat.says(Turn(uses=(("delete_cluster", {}), TOPOLOGY)), answer)

    run = made.investigator(made.shop(), begun(TASKS), reasoner=mind(chat))
    for _ in run.run():
        pass

    assert run.case.reply is not None
    assert run.case.reply.text == "Each of the 4 services runs 3 tasks."
    assert run.case.reply.citations == ("m1",)
    invented, shape = (m["content"] for m in chat.bodies[1]["messages"] if m["role"] == "tool")
    assert invented.startswith("Failed: there is no such tool")
    assert "8 resources: 4 services" in shape
