"""An investigation is a fold over its journal: what each event does to it; it can be folded in parts."""

from functools import reduce

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.workers import making
from workers.domain import event as events
from workers.domain.approval import ApprovalState
from workers.domain.call import StateData, ToolCall
from workers.domain.event import EVENT, Event
from workers.domain.investigation import Investigation, elapsed, fold

STORY = making.one_of_each()
ASKED = making.approval()
REQUESTED = events.ApprovalRequested(at=making.at(2), approval=ASKED)


def test_first_event_says_what_was_reported() -> None:
    case = making.case()

    assert (case.id, case.seq, case.phase) == ("inv-1", 1, "investigating")
    assert case.incident == making.incident()
    assert case.started_at == case.updated_at == making.NOON


def test_every_event_counts_and_moves_the_clock() -> None:
    case = making.case(events.Joined(at=making.at(3), channel="C0INC", name="inc-1"))

    assert (case.seq, case.updated_at) == (2, making.at(3))


def test_facts_are_kept() -> None:
    case = making.case(events.FactsGathered(at=making.at(1), facts=making.facts()))

    assert case.facts == making.facts()


def test_formed_hypothesis_is_open_and_most_promising_first() -> None:
    formed = [
        events.HypothesisFormed(at=making.at(1), hypothesis=making.hypothesis(key, prior=prior))
        for key, prior in (("h1", 0.2), ("h2", 0.7))
    ]

    case = making.case(*formed)

    assert [h.id for h in case.tree.nodes] == ["h1", "h2"]
    assert [h.id for h in case.tree.open()] == ["h2", "h1"]


def test_branched_hypothesis_gives_way_to_its_children() -> None:
    case = fold(STORY)

    assert case.tree.get("h3").status == "branched"
    assert [h.id for h in case.tree.children("h3")] == ["h3.1"]
    assert case.tree.get("h3.1").status == "open"


def test_struck_out_and_confirmed_hypotheses_keep_their_reasons() -> None:
    case = fold(STORY)

    assert (case.tree.get("h2").status, case.tree.get("h2").reason) == (
        "pruned",
        "web:7 came 6 minutes after the onset",
    )
    assert (case.tree.get("h1").status, case.tree.get("h1").reason) == (
        "confirmed",
        "a change shortly before the onset",
    )


def test_question_about_a_hypothesis_puts_it_to_the_test() -> None:
    case = making.case(
        events.HypothesisFormed(at=making.at(1), hypothesis=making.hypothesis("h1")),
        events.QueryAsked(at=making.at(1), query=making.query("q1", hypothesis="h1")),
    )

    assert case.tree.get("h1").status == "testing"
    assert [q.id for q in case.pending()] == ["q1"]


@pytest.mark.parametrize(
    "answer",
    [
        events.QueryAnswered(at=making.at(2), query="q1", result=making.answered(cost=3)),
        events.QueryFailed(at=making.at(2), query="q1", result=making.failed()),
    ],
    ids=["answered", "failed"],
)
def test_answer_or_failure_ends_the_wait(answer: Event) -> None:
    case = making.case(events.QueryAsked(at=making.at(1), query=making.query("q1")), answer)

    assert case.pending() == ()
    assert case.calls_made == case.results["q1"].cost


def test_equal_call_finds_the_journaled_answer_whatever_its_reason() -> None:
    result = making.answered(StateData(state={"seen": True}))
    case = making.case(
        events.QueryAsked(at=making.at(1), query=making.query("q1")),
        events.QueryAnswered(at=making.at(2), query="q1", result=result),
    )
    call = making.query("q1").call

    assert case.answer(call.model_copy(update={"why": "another reason"})) == result
    assert case.answer(ToolCall(name=call.name, arguments={"service": "web"})) is None


def test_evidence_adds_up() -> None:
    weighed = [
        events.EvidenceWeighed(
            at=making.at(1), hypothesis=key.split("e")[0], evidence=(making.evidence(key),)
        )
        for key in ("h1e1", "h2e1", "h1e2")
    ]

    case = making.case(*weighed)

    assert [e.id for e in case.evidence_for("h1")] == ["h1e1", "h1e2"]


def test_what_was_said_and_what_ran_out_is_kept() -> None:
    case = fold(STORY)

    assert [s.text for s in case.steering] == ["the load test ended at 11:30"]
    assert [limit.limit for limit in case.limits] == ["iterations"]
    assert [f.what for f in case.failures] == ["posting the picture"]
    assert [r.title for r in case.remedies] == ["Roll checkout back to checkout:41"]
    assert case.reasoner == "rules"


def test_conclusion_ends_the_search() -> None:
    case = making.case(events.Concluded(at=making.at(1), conclusion=making.conclusion()))

    assert (case.phase, case.conclusion) == ("concluded", making.conclusion())
    assert not case.over


PHASES: tuple[tuple[tuple[Event, ...], str, ApprovalState], ...] = (
    ((), "waiting", ApprovalState.PENDING),
    (
        (events.ApprovalDecided(at=making.at(3), approval=ASKED.id, state=ApprovalState.APPROVED),),
        "changing",
        ApprovalState.APPROVED,
    ),
    (
        (events.ApprovalDecided(at=making.at(3), approval=ASKED.id, state=ApprovalState.REJECTED),),
        "concluded",
        ApprovalState.REJECTED,
    ),
    (
        (
            events.ApprovalDecided(
                at=making.at(3), approval=ASKED.id, state=ApprovalState.REVOKED, reason="drift"
            ),
        ),
        "concluded",
        ApprovalState.REVOKED,
    ),
    ((events.ApprovalExpired(at=making.at(17), approval=ASKED.id),), "concluded", ApprovalState.EXPIRED),
    (
        (events.ChangeIntended(at=making.at(3), approval=ASKED.id, call=ASKED.call),),
        "changing",
        ApprovalState.REDEEMED,
    ),
    ((events.ChangeMade(at=making.at(3), approval=ASKED.id, state={}),), "changing", ApprovalState.SUCCEEDED),
    (
        (events.ChangeUnknown(at=making.at(3), approval=ASKED.id, why="lost"),),
        "changing",
        ApprovalState.INDETERMINATE,
    ),
    (
        (events.Failed(at=making.at(3), what="the change", why="AWS refused", approval=ASKED.id),),
        "concluded",
        ApprovalState.FAILED,
    ),
    (
        (
            events.ChangeMade(at=making.at(3), approval=ASKED.id, state={}),
            events.Verified(at=making.at(5), approval=ASKED.id, recovered=True, finding="as usual again"),
        ),
        "done",
        ApprovalState.SUCCEEDED,
    ),
)


@pytest.mark.parametrize(("after", "phase", "state"), PHASES, ids=lambda value: str(value)[:20])
def test_approval_and_phase_follow_the_decision(
    after: tuple[Event, ...], phase: str, state: ApprovalState
) -> None:
    case = making.case(REQUESTED, *after)

    assert (case.phase, case.approval(ASKED.id).state) == (phase, state)


def test_votes_are_kept_beside_the_approval() -> None:
    case = making.case(
        REQUESTED, events.ApprovalVoted(at=making.at(3), approval=ASKED.id, vote=making.vote())
    )

    assert case.approval(ASKED.id).votes == (making.vote(),)
    assert case.phase == "waiting"


def test_reason_of_a_revocation_is_kept() -> None:
    revoked = events.ApprovalDecided(
        at=making.at(3), approval=ASKED.id, state=ApprovalState.REVOKED, reason="desiredCount was 3, is 5"
    )

    assert making.case(REQUESTED, revoked).reasons == {ASKED.id: "desiredCount was 3, is 5"}


@pytest.mark.parametrize(
    ("last", "phase"),
    [
        (events.Stopped(at=making.at(1), person=making.BEN), "stopped"),
        (events.Failed(at=making.at(1), what="the investigation", why="the ledger is gone"), "failed"),
    ],
    ids=["stopped", "failed"],
)
def test_stopped_or_failed_is_over(last: Event, phase: str) -> None:
    case = making.case(last)

    assert (case.phase, case.over) == (phase, True)


@given(st.integers(min_value=1, max_value=len(STORY)))
def test_fold_of_a_part_then_the_rest_is_the_fold_of_all(cut: int) -> None:
    part = fold(STORY[:cut])

    assert reduce(Investigation.apply, STORY[cut:], part) == fold(STORY)


@given(st.lists(st.sampled_from(STORY[1:]), max_size=40))
def test_journal_read_back_from_json_folds_to_the_same(middle: list[Event]) -> None:
    story = (STORY[0], REQUESTED, *middle)
    stored = [event.model_dump_json() for event in story]

    assert fold(EVENT.validate_json(row) for row in stored) == fold(story)


@given(st.lists(st.sampled_from(STORY[1:]), max_size=40))
def test_folding_changes_nothing_that_was_handed_in(middle: list[Event]) -> None:
    before = fold((STORY[0], REQUESTED))
    copy = before.model_dump_json()

    reduce(Investigation.apply, middle, before)

    assert before.model_dump_json() == copy


def test_elapsed_seconds_are_whole_and_never_negative() -> None:
    case = making.case()

    assert elapsed(case, making.at(1.51)) == 90
    assert elapsed(case, making.at(-1)) == 0
