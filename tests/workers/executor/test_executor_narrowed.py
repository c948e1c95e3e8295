"""What an approver narrowed is what is made; what became wider on the way is not."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.faults.changing import Changing
from tests.workers.executor.conftest import S, roll_out_when_asked, run
from workers import wiring
from workers.domain.approval import Vote
from workers.domain.call import ToolCall
from workers.domain.event import ApprovalDecided, ApprovalRequested, ApprovalVoted
from workers.domain.narrowing import narrowed


def scaling(change: Callable[..., Changing], count: int) -> Changing:
    arguments: Any = {"cluster": "shop", "service": "checkout", "desiredCount": count}
    return change(call=ToolCall(name="ecs-scale-service", arguments=arguments))


def narrow(changing: Changing, count: int) -> None:
    """Ben asks for less, and approves it."""
    asked, at = changing.approval, wiring.now()
    less = narrowed(asked, count, "e" * 32, at)
    vote = Vote(person=changing.ben, decision="approve", at=at)
    changing.record(
        ApprovalDecided(at=at, approval=asked.id, state=S.SUPERSEDED),
        ApprovalRequested(at=at, approval=less),
        ApprovalVoted(at=at, approval=less.id, vote=vote),
        ApprovalDecided(at=at, approval=less.id, state=S.APPROVED),
    )
    changing.approval = less


def test_less_is_made_and_nothing_more(change: Callable[..., Changing]) -> None:
    changing = scaling(change, 9)
    running = changing.describe()["desiredCount"]
    narrow(changing, running + 1)
    rollout = roll_out_when_asked(changing)

    run(changing)
    rollout.join()

    assert changing.state is S.SUCCEEDED
    assert changing.describe()["desiredCount"] == running + 1
    assert len(changing.writes()) == 1


def test_what_gave_way_is_not_made(change: Callable[..., Changing]) -> None:
    changing = scaling(change, 9)
    asked = changing.approval
    narrow(changing, changing.describe()["desiredCount"] + 1)
    changing.approval = asked
    changing.plant.sql("UPDATE approvals SET wanted = 1")

    run(changing)

    assert (changing.state, changing.writes()) == (S.SUPERSEDED, [])


@pytest.mark.parametrize(
    ("field", "value", "why"),
    [
        ("narrow", {"argument": "desiredCount", "bound": -5, "title": "", "blast_radius": ""}, "cannot be"),
        ("before", {"desiredCount": 30}, "cannot be narrowed so"),
        ("target", "ecs:another", "what it is less of is not on record"),
    ],
)
def test_what_was_asked_for_cannot_be_written_anew_to_let_more_through(
    change: Callable[..., Changing], field: str, value: Any, why: str
) -> None:
    changing = scaling(change, 9)
    asked = changing.approval
    narrow(changing, changing.describe()["desiredCount"] + 1)
    body = {**asked.model_dump(mode="json"), field: value}
    changing.plant.sql("UPDATE approvals SET body = :b WHERE id = :i", b=json.dumps(body), i=asked.id)

    run(changing)

    assert (changing.state, changing.writes()) == (S.REVOKED, [])
    assert why in changing.reason()
