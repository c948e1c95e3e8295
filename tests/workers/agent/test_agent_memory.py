"""Talks that grow long: large results told by their head, old ones by a line, what was said word for word."""

import json
from typing import Any

from tests.messages_api import MessagesApi, Turn, messages_api
from tests.workers import making
from tests.workers.agent import made, minds
from tests.workers.agent.made import World
from tests.workers.agent.minds import MODEL, gave_way
from tests.workers.agent.talks import (
    CALM,
    LOGS,
    SERVICES,
    TASKS,
    TOPOLOGY,
    answering,
    asked,
    begun,
    concluded,
    reply,
    stated,
    told,
)
from workers.agent.model import Limits
from workers.domain.event import Answered
from workers.domain.investigation import Investigation

# Large results, and long talks


def noisy() -> World:
    world = made.shop()
    for number in range(400):
        world.says("checkout", f"ERROR cart {number} {'x' * 90}")
    return world


def test_result_that_is_too_long_is_told_by_its_head_and_can_be_read_on(api: MessagesApi) -> None:
    found = answering(stated("The lines name cart 399.", "m1"))
    more = ("read_result", {"result": "m1", "contains": "cart 399"})
    api.says(Turn(uses=(LOGS,)), found, Turn(uses=(more,)), found)

    case = asked(noisy(), "which carts are named in the lines of checkout?", api)

    (head,) = told(api.bodies[1])
    assert head["lines"][0] == "24000 lines in 400 patterns"
    assert "of 401. Narrow the query: a shorter window; or read on with read_result." in head["note"]
    assert len(json.dumps(head)) < 8000
    assert "no finding holds the number 399" in api.bodies[2]["messages"][-1]["content"][0]["text"], (
        "not read yet"
    )
    (part,) = told(api.bodies[3])
    assert part["note"] == "These are lines 1 to 1 of 1 that hold 'cart 399'."
    assert reply(case).text == "The lines name cart 399."
    assert len(case.results) == 1
    data = case.results["m1"].data
    assert data is not None
    assert data.model_dump_json().count("ERROR cart") >= 400, "kept whole"


def test_old_results_give_way_to_a_line_each_when_the_talk_grows_long(api: MessagesApi) -> None:
    windows = [making.window(-60 - n, 0).model_dump(mode="json") for n in range(4)]
    uses = [(("logs", {**LOGS[1], "window": window}),) for window in windows]
    api.says(*(Turn(uses=one) for one in uses), Turn(uses=(TOPOLOGY,)), SERVICES.replace("m1", "m5"))
    limits = Limits(prompt=3400, price=minds.PRICE)
    before = (concluded(),)

    case = asked(noisy(), TASKS, api, limits=limits, before=before)

    assert not gave_way(case)
    last = api.bodies[-1]
    assert all(sum(api.usage(body).values()) < 3400 for body in api.bodies)
    texts = [b["content"] for m in last["messages"][2::2] for b in m["content"]]
    assert sum(text.startswith("(left out") for text in texts) >= 2
    assert texts[0].startswith("(left out for length: 401 lines of logs; read_result of m1 tells them again)")
    assert "8 resources" in texts[-1]
    assert_word_for_word(last, before[0])


def test_talk_that_is_too_long_for_the_model_is_tried_with_less() -> None:
    later = making.window(-61, 0).model_dump(mode="json")
    turns = Turn(uses=(LOGS,)), Turn(uses=(("logs", {**LOGS[1], "window": later}),)), SERVICES
    limits = Limits(prompt=6000, price=minds.PRICE)
    with messages_api((MODEL,)) as large:
        large.says(*turns)
        asked(noisy(), TASKS, large, limits=limits)
        third = sum(large.usage(large.bodies[2]).values())
    with messages_api((MODEL,), window=third - 1) as small:
        small.says(*turns)

        case = asked(noisy(), TASKS, small, limits=limits)

        assert small.asked == 4, "the third was asked again, with less"
        assert "it answered 400" not in gave_way(case)


def assert_word_for_word(body: dict[str, Any], case: Investigation) -> None:
    first = body["messages"][0]["content"]
    text = first if isinstance(first, str) else first[0]["text"]
    assert case.facts is not None
    assert case.conclusion is not None
    for words in (
        case.facts.summary,
        case.conclusion.headline,
        case.conclusion.summary,
        case.approvals[0].title,
    ):
        assert words in text
    assert f"approval of “{case.approvals[0].title}”: succeeded" in text


# Memory


def test_question_sees_what_was_said_in_its_thread_and_may_rest_on_it(api: MessagesApi) -> None:
    api.says(Turn(uses=(TOPOLOGY,)), SERVICES, answering(stated("The 4 services run 3 tasks each.", "t1")))
    first = asked(made.shop(), TASKS, api)

    case = asked(made.shop(), "and all of them?", api, before=(first,))

    assert case.recalled is not None
    assert case.recalled[0].told[0] == "Each of the 4 services runs 3 tasks."
    assert reply(case).sources == ("this thread",)
    assert reply(case).citations == ("t1",)
    assert case.queries == {}


def test_facts_and_conclusion_of_the_incident_of_a_thread_are_remembered(api: MessagesApi) -> None:
    incident, many = concluded(), [begun(f"{CALM} {n}") for n in range(9)]
    done = [case.apply(Answered(at=making.NOON, text="No change.")) for case in many]
    api.says(answering(unknown="Nothing of that is known."))

    case = asked(made.shop(), "what was it again?", api, before=(incident, *done))

    assert case.recalled is not None
    assert [one.id for one in case.recalled] == [f"t{n}" for n in range(1, 8)]
    assert_word_for_word(api.bodies[0], incident)
