"""Services of which no model may be told: none is, and the thread says why the rules go on alone."""

import json
from typing import Any

import pytest

from tests.messages_api import MessagesApi, Turn
from tests.workers import making
from tests.workers.agent import made, minds, talks
from tests.workers.agent.minds import MODEL, gave_way, honest
from tests.workers.agent.troubles import BY_MODE
from workers.agent.model import Limits
from workers.agent.withheld import Withheld
from workers.domain.budget import Budget
from workers.domain.errors import ModelFailed
from workers.domain.event import Event, EvidenceWeighed, HypothesisFormed, Steered
from workers.domain.investigation import Investigation
from workers.domain.question import Question
from workers.llm import Message, Prompt
from workers.thread.answer import answer
from workers.thread.cause import cause
from workers.thread.live import live

CANARY = "customer-4711-canary"
LOCKS = {"where": "shop-db", "mode": "lock_contention"}
TROUBLE = BY_MODE["lock_contention"]


def limits(*never: str) -> Limits:
    return Limits(price=minds.PRICE, never=never)


def world() -> made.World:
    """The rules look at too few places, and of fulfilment there is much to be read."""
    one = TROUBLE.build()
    one.needs = ()
    one.says("fulfilment", f"ERROR {CANARY} refused")
    one.told("fulfilment", "other", f"event of {CANARY}", -5)
    one.changed("configuration", "fulfilment", -30, f"{CANARY} was changed on fulfilment")
    one.sets("fulfilment", owner=CANARY)
    one.rings("fulfilment", name=f"{CANARY} rings")
    return one


def thought(
    text: str, api: MessagesApi, *never: str, question: Question | None = None
) -> tuple[Investigation, list[Event]]:
    case = making.case(text=text, question=question)
    run = made.investigator(world(), case, reasoner=minds.mind(api, Budget(), limits(*never)))
    happened = list(run.run())
    return run.case, happened


def told(api: MessagesApi) -> str:
    """Everything that the model was sent but our own words to it."""
    return json.dumps([body["messages"] for body in api.bodies])


# An investigation of something else


def test_model_sees_what_was_read_where_nobody_withholds_it(api: MessagesApi) -> None:
    api.script = honest(LOCKS)

    thought(TROUBLE.text, api)

    assert CANARY in told(api)


@pytest.mark.parametrize("never", ["fulfilment", "FULFIL*", "*ment"])
def test_model_is_asked_and_shown_nothing_of_a_withheld_service(api: MessagesApi, never: str) -> None:
    api.script = honest(LOCKS)

    case, _ = thought(TROUBLE.text, api, never)

    assert api.asked == 2
    assert CANARY not in told(api)
    assert "fulfilment" not in told(api)
    assert not gave_way(case)
    assert case.conclusion is not None
    assert [(one.service, one.mode) for one in case.conclusion.causes] == [("shop-db", "lock_contention")]


def test_talk_is_told_nothing_of_it_either(api: MessagesApi) -> None:
    everything = (talks.TOPOLOGY, talks.CHANGES, ("alarms", {"window": talks.HOUR}))
    api.says(Turn(uses=everything), talks.answering(talks.stated("There is web.", "m1")))

    case, _ = thought("which services are there?", api, "fulfilment", question=Question(topic="open"))

    assert talks.reply(case).text == "There is web."
    assert CANARY not in told(api)
    assert "fulfilment" not in told(api)
    assert "checkout" in told(api)


def test_talk_in_which_a_model_asks_about_it_ends(api: MessagesApi) -> None:
    arguments = {"service": "fulfilment", "window": talks.HOUR, "before": talks.HOUR}
    api.script = lambda body: Turn(uses=(("logs", arguments),))

    case, _ = thought("which service is worst?", api, "fulfilment", question=Question(topic="open"))

    assert gave_way(case) == "no model may be told of fulfilment (llm.never_for)"
    assert (api.asked, case.queries) == (1, {})


# An investigation of it


@pytest.mark.parametrize("text", ["fulfilment is slow", "Orders hang!\nService: fulfilment.shop.internal"])
def test_investigation_of_a_withheld_service_is_the_rules_from_its_start(api: MessagesApi, text: str) -> None:
    case, happened = thought(text, api, "fulfilment")

    kinds = [event.type for event in happened]
    assert kinds.index("QueryAsked") > kinds.index("ReasonerSwitched") + 1
    assert [one.now for one in case.switches] == [MODEL, "rules"]
    assert api.asked == 0
    assert "no model may be told of fulfilment (llm.never_for)" in str(live(case, making.at(2)).blocks)
    assert case.conclusion is not None
    assert "with rules and statistics, no model" in str(cause(case, case.conclusion).blocks)


def test_question_about_it_is_answered_by_the_rules_which_say_why(api: MessagesApi) -> None:
    case, _ = thought(
        "what changed on fulfilment in the last hour?", api, "fulfilment", question=Question(topic="open")
    )

    assert api.asked == 0
    assert "no model may be told of fulfilment (llm.never_for)" in str(answer(case).blocks)


LATER: dict[str, Event] = {
    "somebody says it": Steered(at=making.NOON, person=making.BEN, text="look at fulfilment"),
    "it is suspected": HypothesisFormed(
        at=making.NOON, hypothesis=making.hypothesis("h9", where="fulfilment", mode="disk_full")
    ),
}


@pytest.mark.parametrize("event", LATER.values(), ids=LATER)
def test_rules_go_on_alone_from_the_moment_it_concerns_it(api: MessagesApi, event: Event) -> None:
    mind = minds.mind(api, Budget(), limits("fulfilment"))
    case = making.case(text=TROUBLE.text)
    began = mind.triage(case)
    assert getattr(began, "now", "") == MODEL
    case = case.apply(began)  # pyright: ignore[reportArgumentType]
    assert getattr(mind.triage(case), "type", "") != "ReasonerSwitched"

    after: Any = mind.triage(case.apply(event))

    assert (after.type, after.now, after.why) == (
        "ReasonerSwitched",
        "rules",
        "no model may be told of fulfilment (llm.never_for)",
    )


def test_prompt_that_names_it_all_the_same_is_not_sent(api: MessagesApi) -> None:
    """Evidence is worded by us from what was read; of it nothing is known beforehand."""
    api.script = honest(LOCKS)
    plain = made.investigate(BY_MODE["bad_deployment"].build(), BY_MODE["bad_deployment"].text)
    mind = minds.reasoner(minds.claude(api), limits=limits("fulfilment"))
    named = tuple(
        one.model_copy(update={"finding": f"{one.finding}, says fulfilment"}) for one in plain.evidence
    )
    again = plain.model_copy(update={"conclusion": None, "evidence": (), "phase": "investigating"})
    told = again.apply(EvidenceWeighed(at=making.NOON, hypothesis="h1", evidence=named))

    assert not mind.withheld(told)
    with pytest.raises(ModelFailed, match="no model may be told of fulfilment"):
        mind.conclude(told)

    assert api.asked == 0


# Names


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("payments is slow", "payments"),
        ("Payments!", "payments"),
        ("payments:42 was deployed", "payments"),
        ("arn:aws:ecs:us-east-1:1:service/shop/payments", "payments"),
        ("http://payments.shop.internal:8080/", "payments"),
        ("/ecs/shop-web", "shop-web"),
        ("x='shop-web',", "shop-web"),
        ("payments-db", ""),
        ("shopping", ""),
        ("prepayments", ""),
        ("", ""),
    ],
)
def test_name_is_known_wherever_it_stands_as_a_word(text: str, found: str) -> None:
    assert Withheld(("payments", "shop-*")).named(text) == found


def test_words_of_our_own_prompts_name_nothing() -> None:
    text = 'Which events?\n\n<data>\n{"events": ["checkout rolled out"]}\n</data>'
    ours = Prompt(system="events", messages=(Message(role="user", text=text),), answer={}, most=100)
    theirs = ours.model_copy(
        update={"messages": (Message(role="user", text=text.replace("rolled", "events")),)}
    )

    Withheld(("events", "which")).guard(ours)
    with pytest.raises(ModelFailed):
        Withheld(("events",)).guard(theirs)
