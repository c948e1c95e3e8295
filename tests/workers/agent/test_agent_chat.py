"""The mind that asks a model behind Chat Completions: the same scripts, the same answers, the same guards."""

import json
from collections.abc import Iterator

import pytest

from tests.chat_api import ChatApi, chat_api
from tests.model_server import KEY, Turn
from tests.workers.agent import made
from tests.workers.agent.minds import claiming, gave_way, honest, minded
from tests.workers.agent.talks import SERVICES, TASKS, TOPOLOGY, begun
from tests.workers.agent.troubles import BY_MODE
from workers.agent.fallback import Fallback
from workers.agent.model import Limits
from workers.domain.investigation import Investigation
from workers.llm.chat import ChatModel, completions

GPT = "gpt-6-astra"
LOCKS = {"where": "shop-db", "mode": "lock_contention"}


@pytest.fixture(scope="module")
def standing() -> Iterator[ChatApi]:
    with chat_api((GPT,)) as one:
        yield one


@pytest.fixture
def api(standing: ChatApi) -> ChatApi:
    standing.forget()
    return standing


def mind(api: ChatApi) -> Fallback:
    asked = ChatModel(GPT, completions(KEY, f"{api.address}/v1"), pause=2, sleep=lambda _: None)
    return minded(asked, limits=Limits())


def thought(api: ChatApi) -> Investigation:
    """About locks in a database, where nobody knows who needs whom: the rules alone find nothing."""
    trouble = BY_MODE["lock_contention"]
    world = trouble.build()
    world.needs = ()
    run = made.investigator(world, made.begun(trouble.text), reasoner=mind(api))
    for _ in run.run():
        pass
    return run.case


def causes(case: Investigation) -> list[tuple[str, str]]:
    assert case.conclusion is not None
    return [(cause.service, cause.mode) for cause in case.conclusion.causes]


def test_model_names_a_place_that_the_rules_did_not_look_at(api: ChatApi) -> None:
    api.script = honest(LOCKS)

    case = thought(api)

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
def test_model_that_fails_leaves_the_answer_to_the_rules(api: ChatApi, turn: Turn, said: str) -> None:
    api.script = lambda body: turn

    case = thought(api)

    assert said in gave_way(case)
    assert causes(case) == []


@pytest.mark.parametrize("answer", [Turn(uses=(("answer", json.loads(SERVICES)),)), Turn(text=SERVICES)])
def test_question_is_answered_from_what_tools_say(api: ChatApi, answer: Turn) -> None:
    api.says(Turn(uses=(("delete_cluster", {}), TOPOLOGY)), answer)

    run = made.investigator(made.shop(), begun(TASKS), reasoner=mind(api))
    for _ in run.run():
        pass

    assert run.case.reply is not None
    assert run.case.reply.text == "Each of the 4 services runs 3 tasks."
    assert run.case.reply.citations == ("m1",)
    invented, shape = (m["content"] for m in api.bodies[1]["messages"] if m["role"] == "tool")
    assert invented.startswith("Failed: there is no such tool")
    assert "8 resources: 4 services" in shape
