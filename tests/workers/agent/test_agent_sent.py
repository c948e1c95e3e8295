"""What was sent to a model: on record before it leaves, and made again from the journal to the byte."""

from typing import Any

import pytest
from anthropic import transform_schema

from tests.messages_api import MessagesApi, Turn, messages_api
from tests.workers import making
from tests.workers.agent import made, minds, talks
from tests.workers.agent.minds import MODEL, PRICE, claiming, honest
from tests.workers.agent.troubles import BY_MODE
from workers.agent.fallback import Fallback
from workers.agent.model import Limits
from workers.agent.sent import Making, Sent, again, prompts
from workers.domain.budget import Budget
from workers.domain.event import EVENT, Event, ModelAnswered, ModelAsked
from workers.domain.question import Question
from workers.llm import Prompt
from workers.llm.wire import request

TROUBLE = BY_MODE["lock_contention"]
LOCKS = {"where": "shop-db", "mode": "lock_contention"}


def world() -> made.World:
    one = TROUBLE.build()
    one.needs = ()
    one.says("checkout", "ERROR </data> password=hunter2hunter2")
    for number in range(300):
        one.says("checkout", f"INFO cart {number} {'x' * 90}", level="info")
    return one


def ran(mind: Fallback, text: str, question: Question | None = None) -> list[Event]:
    """A journal, as it is read back from a ledger."""
    case = making.case(text=text, question=question)
    run = made.investigator(world(), case, reasoner=mind)
    journal: list[Event] = [making.reported(text, question=question), *run.run()]
    return [EVENT.validate_json(event.model_dump_json()) for event in journal]


def parts(**limits: Any) -> Making:
    return Making(Limits(price=PRICE, **limits), Budget(), made.gate(world()).tools)


def wire(prompt: Prompt | None) -> dict[str, Any]:
    assert prompt is not None
    return request(MODEL, prompt, transform_schema)


def sent_again(journal: list[Event], making: Making) -> list[dict[str, Any]]:
    """What left and arrived, made again."""
    return [wire(again(journal, one, making)) for one in prompts(journal) if one.answer is not None]


def test_prompts_of_an_incident_are_made_again_as_they_arrived(api: MessagesApi) -> None:
    api.says(claiming({"where": "billing", "mode": "disk_full"}), claiming(LOCKS))
    api.script = honest()

    journal = ran(minds.mind(api), TROUBLE.text)

    assert sent_again(journal, parts()) == api.bodies
    assert [one.asked.verb for one in prompts(journal)] == ["hypothesise", "hypothesise", "conclude"]


def test_prompts_of_a_talk_are_made_again_as_they_arrived(api: MessagesApi) -> None:
    api.says(
        Turn(uses=(talks.TOPOLOGY, talks.LOGS)),
        talks.answering(talks.stated("It is 4 services.", "m9")),
        talks.SERVICES,
    )

    journal = ran(minds.mind(api), talks.TASKS, Question(topic="open"))

    assert sent_again(journal, parts()) == api.bodies
    assert len(api.bodies) == 3


def test_prompt_that_was_too_long_is_listed_and_the_shorter_one_made_again() -> None:
    with messages_api((MODEL,), window=4000) as small:
        small.script = honest(LOCKS)
        journal = ran(minds.mind(small, limits=Limits(prompt=9000)), TROUBLE.text)

        found = list(prompts(journal))
        assert (small.asked, len(found), len(small.bodies)) == (3, 3, 2)
        assert sent_again(journal, parts(prompt=9000)) == small.bodies
    assert found[0].answer is None
    assert found[0].asked.tokens > found[1].asked.tokens
    assert again(journal, found[0], parts(prompt=9000)) is not None


def test_prompt_is_on_record_before_it_leaves_also_where_no_answer_comes(api: MessagesApi) -> None:
    api.script = lambda body: Turn(status=529)

    journal = ran(minds.mind(api), TROUBLE.text)

    (one,) = prompts(journal)
    assert (one.answer, one.asked.model, one.asked.served) == (None, MODEL, "127.0.0.1")
    assert [event.type for event in journal[one.step - 1 : one.step + 1]] == [
        "ModelAsked",
        "ReasonerSwitched",
    ]


def test_resumed_run_that_asks_again_says_so_again(api: MessagesApi) -> None:
    api.script = honest(LOCKS)
    journal = ran(minds.mind(api), TROUBLE.text)
    first = next(n for n, event in enumerate(journal, 1) if isinstance(event, ModelAsked))
    died = making.case(*journal[1:first], text=TROUBLE.text)

    run = made.investigator(world(), died, reasoner=minds.mind(api))
    whole = [*journal[:first], *run.run()]

    listed = list(prompts(whole))
    assert [one.answer is None for one in listed[:2]] == [True, False]
    assert listed[0].asked.key == listed[1].asked.key
    assert sum(isinstance(event, ModelAnswered) for event in whole) == 2


@pytest.mark.parametrize("changed", [{"prompt": 3000}, {"answer": 7}, {"never": ("checkout",)}])
def test_prompt_of_other_settings_is_not_passed_off_as_what_left(
    api: MessagesApi, changed: dict[str, Any]
) -> None:
    api.script = honest(LOCKS)
    journal = ran(minds.mind(api), TROUBLE.text)

    made_again = [again(journal, one, parts(**changed)) for one in prompts(journal)]

    assert made_again[0] is None


def test_nothing_is_listed_where_nothing_left(api: MessagesApi) -> None:
    journal = [making.reported(TROUBLE.text), *made.investigator(world(), made.begun(TROUBLE.text)).run()]

    found: list[Sent] = list(prompts(journal))

    assert found == []
