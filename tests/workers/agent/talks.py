"""Questions for tests of talks with a model: what is asked, what it says, and what it was told."""

import json
from typing import Any

from tests.messages_api import MessagesApi
from tests.workers import making
from tests.workers.agent import made, minds
from tests.workers.agent.made import World
from workers.agent.model import Limits
from workers.domain import question
from workers.domain.budget import Budget
from workers.domain.event import Answered
from workers.domain.investigation import Investigation, fold
from workers.domain.question import Question

HOUR = making.window(-60, 0).model_dump(mode="json")
TASKS = "how many tasks does each service run?"
CALM = "what changed in the last hour?"
TOPOLOGY = ("topology", {})
CHANGES = ("changes", {"window": HOUR})
LOGS = (
    "logs",
    {"service": "checkout", "window": HOUR, "before": making.window(-120, -60).model_dump(mode="json")},
)


def begun(text: str) -> Investigation:
    return making.case(text=text, question=question.read(text) or Question(topic="open"))


def asked(
    world: World,
    text: str,
    api: MessagesApi,
    *,
    budget: Budget | None = None,
    limits: Limits | None = None,
    before: tuple[Investigation, ...] = (),
) -> Investigation:
    mind = minds.mind(api, budget, limits)
    run = made.investigator(world, begun(text), budget=budget, reasoner=mind, before=lambda: before)
    for _ in run.run():
        pass
    return run.case


def reply(case: Investigation) -> Answered:
    assert case.reply is not None
    assert case.phase == "done"
    return case.reply


def stated(text: str, *rests_on: str) -> dict[str, Any]:
    return {"text": text, "rests_on": rests_on}


def answering(*answer: dict[str, Any], lines: tuple[dict[str, Any], ...] = (), unknown: str = "") -> str:
    return json.dumps({"answer": answer, "lines": lines, "unknown": unknown})


def told(body: dict[str, Any], turn: int = -1) -> list[dict[str, Any]]:
    """What the tools of a turn said, as a model reads it."""
    results = [b for b in body["messages"][turn]["content"] if b["type"] == "tool_result"]
    return [json.loads(b["content"].removeprefix("<data>").removesuffix("</data>")) for b in results]


SERVICES = answering(
    stated("Each of the 4 services runs 3 tasks.", "m1"),
    lines=(stated("web (service): running 3, desired 3", "m1"),),
)


def concluded() -> Investigation:
    """An incident of the same thread whose change was approved."""
    return fold(
        [event for event in making.one_of_each() if event.type not in ("Answered", "Failed", "Stopped")]
    )
