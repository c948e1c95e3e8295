"""Less than was asked for: strictly between the state before and what was asked, and nothing else differs."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.workers import making
from workers.domain.approval import Approval, ApprovalState, Narrow
from workers.domain.call import ToolCall
from workers.domain.errors import Refused
from workers.domain.incident import Person
from workers.domain.narrowing import narrowed, room, widening
from workers.domain.risk import Risk

KEY = "f" * 32


def scaling(asked: Any = 9, bound: int = 3, **fields: Any) -> Approval:
    arguments = {"cluster": "shop", "service": "checkout", "desiredCount": asked}
    return making.approval(
        **{
            "title": f"Run {asked} tasks of checkout",
            "call": ToolCall(name="ecs-scale-service", arguments=arguments),
            "before": {"desiredCount": bound},
            "narrow": Narrow(
                argument="desiredCount",
                bound=bound,
                title="Run {} tasks of checkout",
                blast_radius="checkout gets {} tasks.",
            ),
            **fields,
        }
    )


@pytest.mark.parametrize(
    ("approval", "values"),
    [
        (scaling(9, 3), range(4, 9)),
        (scaling(3, 9), range(4, 9)),
        (scaling(4, 3), range(0)),
        (scaling(3, 3), range(0)),
        (scaling("9", 3), range(0)),
        (scaling(True, 3), range(0)),
        (making.approval(), range(0)),
    ],
)
def test_there_is_room_strictly_between_the_state_before_and_what_is_asked(
    approval: Approval, values: range
) -> None:
    assert list(room(approval)) == list(values)


def test_less_is_the_same_change_under_a_hash_of_its_own() -> None:
    asked = scaling(votes=(making.vote(),), word="checkout", quorum=2, undoes="a" * 32)

    less = narrowed(asked, 5, KEY, making.at(6))

    assert less.call.arguments == {"cluster": "shop", "service": "checkout", "desiredCount": 5}
    assert (less.title, less.blast_radius) == ("Run 5 tasks of checkout", "checkout gets 5 tasks.")
    assert (less.id, less.narrows, less.votes, less.state) == (KEY, asked.id, (), ApprovalState.PENDING)
    assert less.hash == less.digest() != asked.hash
    same = ("requester", "expires_at", "quorum", "word", "risk", "undoes", "rollback", "before", "target")
    assert [getattr(less, name) for name in same] == [getattr(asked, name) for name in same]
    assert less.why[-1] == "less than was asked for: desiredCount 5 in place of 9"


@given(st.integers(-5, 20))
def test_only_a_value_in_between_is_less(value: int) -> None:
    asked = scaling()

    if value in range(4, 9):
        assert widening(narrowed(asked, value, KEY, making.at(6)), asked) == ""
    else:
        with pytest.raises(Refused):
            narrowed(asked, value, KEY, making.at(6))


@pytest.mark.parametrize(
    "over",
    [
        {"call": ToolCall(name="ecs-scale-service", arguments={"cluster": "shop", "desiredCount": 5})},
        {"call": scaling(10).call},
        {"call": scaling(9).call},
        {"call": scaling(3).call},
        {"call": scaling(True).call},
        {"call": scaling("5").call},
        {"call": scaling(5.0).call},
        {"call": ToolCall(name="autoscaling-scale", arguments=scaling(5).call.arguments)},
        {"call": scaling(5).call.model_copy(update={"arguments": {**scaling(5).call.arguments, "x": 1}})},
        {"risk": Risk.READ},
        {"quorum": 0},
        {"word": ""},
        {"solo": True},
        {"requester": Person(id="U0CARO", team="T0LOCAL")},
        {"requester": None},
        {"expires_at": making.at(600)},
        {"before": {}},
        {"rollback": None},
        {"votes": (making.vote(),)},
        {"state": ApprovalState.APPROVED},
        {"undoes": "b" * 32},
        {"narrow": None},
        {"narrows": ""},
        {"title": "Run 1 task"},
        {"hash": "0" * 64},
        {"investigation": "another"},
    ],
    ids=lambda over: " ".join(over),
)
def test_whatever_else_differs_is_no_narrowing(over: dict[str, Any]) -> None:
    asked = scaling(word="checkout", quorum=2)
    less = narrowed(asked, 5, KEY, asked.created_at + timedelta(minutes=1))

    assert widening(less, asked) == ""
    assert widening(less.model_copy(update=over), asked)


def test_nothing_narrows_what_was_never_asked_for() -> None:
    asked = scaling()
    less = narrowed(asked, 5, KEY, making.at(6))

    assert widening(less, None)
    assert widening(less, scaling(id="c" * 32))
    assert widening(less, asked.model_copy(update={"narrow": None}))
