"""An approval permits one exact call, once: which states follow which, and what its hash is over."""

import itertools
import unicodedata

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from pydantic import JsonValue

from tests.workers import making
from workers.domain.approval import NEXT, Approval, ApprovalState
from workers.domain.call import ToolCall
from workers.domain.incident import Person

S = ApprovalState

ALLOWED = {
    (S.PENDING, S.APPROVED),
    (S.PENDING, S.REJECTED),
    (S.PENDING, S.EXPIRED),
    (S.PENDING, S.SUPERSEDED),
    (S.APPROVED, S.REDEEMED),
    (S.APPROVED, S.EXPIRED),
    (S.APPROVED, S.REVOKED),
    (S.REDEEMED, S.SUCCEEDED),
    (S.REDEEMED, S.FAILED),
    (S.REDEEMED, S.INDETERMINATE),
    (S.INDETERMINATE, S.SUCCEEDED),
    (S.INDETERMINATE, S.FAILED),
}
SPENT = {S.REDEEMED, S.SUCCEEDED, S.FAILED, S.INDETERMINATE}


@pytest.mark.parametrize(("now", "then"), tuple(itertools.product(S, S)))
def test_state_follows_another_only_where_the_table_says_so(now: S, then: S) -> None:
    assert (then in NEXT[now]) is ((now, then) in ALLOWED)


@pytest.mark.parametrize("state", S)
def test_state_is_terminal_when_nothing_follows(state: S) -> None:
    assert state.terminal is (state not in {now for now, _ in ALLOWED})


def test_spent_approval_can_never_be_spent_again() -> None:
    reach: set[S] = set(SPENT)
    for _ in S:
        reach |= {then for now, then in ALLOWED if now in reach}

    assert reach == SPENT
    assert not reach & {S.PENDING, S.APPROVED}


# What the hash is over


WORDS = st.text(max_size=12)
NUMBERS = st.integers() | st.floats(allow_nan=False, allow_infinity=False)
PLAIN = st.none() | st.booleans() | NUMBERS | WORDS
JSON = st.recursive(
    PLAIN, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3), max_leaves=8
)
ARGUMENTS = st.dictionaries(WORDS, JSON, max_size=5)


def digest(arguments: dict[str, JsonValue], **fields: object) -> str:
    return making.approval(call=ToolCall(name="ecs-update-service", arguments=arguments), **fields).digest()


def spelled(value: JsonValue) -> object:
    """A value with the type of every part, whatever the order of its keys."""
    if isinstance(value, dict):
        return sorted((key, repr(spelled(item))) for key, item in value.items())
    if isinstance(value, list):
        return [spelled(item) for item in value]
    return type(value).__name__, repr(value)


@given(ARGUMENTS)
def test_order_of_keys_is_no_part_of_what_is_approved(arguments: dict[str, JsonValue]) -> None:
    assert digest(dict(reversed(arguments.items()))) == digest(arguments)


@given(ARGUMENTS, ARGUMENTS)
def test_hashes_are_equal_only_for_equal_arguments(
    one: dict[str, JsonValue], other: dict[str, JsonValue]
) -> None:
    assert (digest(one) == digest(other)) is (spelled(one) == spelled(other))


@given(st.dictionaries(WORDS, PLAIN, min_size=1, max_size=5), st.data())
def test_any_changed_value_changes_the_hash(arguments: dict[str, JsonValue], data: st.DataObject) -> None:
    key = data.draw(st.sampled_from(sorted(arguments)))
    value = data.draw(PLAIN)
    assume(repr(value) != repr(arguments[key]))

    assert digest({**arguments, key: value}) != digest(arguments)


@given(ARGUMENTS, WORDS, PLAIN)
def test_an_added_argument_changes_the_hash(
    arguments: dict[str, JsonValue], key: str, value: JsonValue
) -> None:
    assume(key not in arguments)

    assert digest({**arguments, key: value}) != digest(arguments)


LOOK_ALIKES: tuple[tuple[JsonValue, JsonValue], ...] = (
    (3, 3.0),
    (3, "3"),
    (3.0, "3.0"),
    (0.0, -0.0),
    (1, True),
    (0, False),
    (None, "null"),
    (None, ""),
    ([], {}),
    (["a"], "a"),
    (["a", "b"], ["b", "a"]),
    ("checkout:41", "chеckout:41"),  # a Cyrillic е
    ("checkout:41", "checkout:41 "),
    ("checkout:41", "checkout:41\u200b"),
    ("checkout:41", "checkout：41"),  # a full-width colon
    ("checkout:41", "checkout:4１"),
    ("checkout:41", "Checkout:41"),
    (unicodedata.normalize("NFC", "café"), unicodedata.normalize("NFD", "café")),
)


@pytest.mark.parametrize(("one", "other"), LOOK_ALIKES, ids=[f"{a!r} and {b!r}" for a, b in LOOK_ALIKES])
def test_look_alikes_have_different_hashes(one: JsonValue, other: JsonValue) -> None:
    assert digest({"taskDefinition": one}) != digest({"taskDefinition": other})


def test_moving_a_value_to_another_key_changes_the_hash() -> None:
    assert digest({"a": "b", "c": ""}) != digest({"a": "", "c": "b"})
    assert digest({"a": {"b": 1}}) != digest({"a": None, "b": 1})


DIFFERENT = making.approval(
    target="ecs:production",
    requester=Person(id="U0CARO", team="T0LOCAL"),
    investigation="inv-2",
    expires_at=making.at(18),
)


@pytest.mark.parametrize("field", ["target", "requester", "investigation", "expires_at"])
def test_where_for_whom_and_until_when_are_part_of_the_hash(field: str) -> None:
    moved = making.approval(**{field: getattr(DIFFERENT, field)})

    assert moved.hash != making.approval().hash


def test_name_of_the_call_is_part_of_the_hash() -> None:
    call = making.call()

    assert (
        making.approval(call=call.model_copy(update={"name": "ecs-scale-service"})).hash
        != making.approval().hash
    )


def test_reason_for_the_call_is_no_part_of_the_hash() -> None:
    assert (
        making.approval(call=making.call().model_copy(update={"why": "because"})).hash
        == making.approval().hash
    )


def test_votes_and_state_leave_the_hash_alone() -> None:
    approval = making.approval(votes=(making.vote(),), state=S.APPROVED)

    assert approval.digest() == making.approval().hash


@given(ARGUMENTS)
def test_hash_survives_the_ledger(arguments: dict[str, JsonValue]) -> None:
    sealed = making.approval(call=ToolCall(name="ecs-update-service", arguments=arguments))

    back = Approval.model_validate_json(sealed.model_dump_json())

    assert back.digest() == sealed.hash == back.hash


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_number_that_is_none_cannot_be_sealed(value: float) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        digest({"desiredCount": value})


def test_same_person_twice_is_one_approval() -> None:
    approval = making.approval(
        votes=(making.vote(), making.vote(minutes=4), making.vote(making.ALICE, "reject"))
    )

    assert approval.approvals() == {"U0BEN"}
