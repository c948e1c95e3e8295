"""`make test-llm`: a real model, small or large, in the place of the scripted one.

A test of the plumbing and of the guards, not of accuracy: whatever it says, nothing may come out that the
evidence does not carry. RUNBOOK_TEST_LLM_URL and RUNBOOK_TEST_LLM_MODEL say which one; RUNBOOK_TEST_LLM_KEY
is for those that want a key.
"""

import os

import pytest

from tests.workers import making
from tests.workers.agent import made
from tests.workers.agent.minds import gave_way, minded
from tests.workers.agent.talks import TASKS, begun
from tests.workers.agent.troubles import TROUBLES, Trouble
from workers.agent.fallback import Fallback
from workers.domain.event import EVENT, Event
from workers.domain.investigation import Investigation, fold
from workers.llm.claude import Claude, direct

SHOWN = ("bad_deployment", "lock_contention", "disk_full")
CASES = [trouble for trouble in TROUBLES if trouble.mode in SHOWN]


def mind() -> Fallback:
    key = os.environ.get("RUNBOOK_TEST_LLM_KEY", "none")
    connect = direct(key, os.environ["RUNBOOK_TEST_LLM_URL"])
    # A small model on a laptop reads 70 tokens a second.
    return minded(Claude(os.environ["RUNBOOK_TEST_LLM_MODEL"], connect, pause=300, patience=300))


def story(trouble: Trouble, *, edges: bool) -> tuple[Event, ...]:
    world = trouble.build()
    world.needs = world.needs if edges else ()
    run = made.investigator(world, made.begun(trouble.text), reasoner=mind())
    return (making.reported(trouble.text), *run.run())


def told(case: Investigation) -> None:
    for reply in case.replies.values():
        print(
            f"\n{reply.verb}: {reply.seconds:.1f} s, {reply.usage.tokens} tokens, {reply.stop}: {reply.text}"
        )
    print(f"gave way: {gave_way(case) or 'no'}; said: {case.conclusion.headline if case.conclusion else ''}")


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("trouble", CASES, ids=lambda t: t.mode)
@pytest.mark.parametrize("edges", [True, False], ids=["mapped", "unmapped"])
def test_what_is_blamed_is_right_or_nothing(trouble: Trouble, edges: bool) -> None:
    case = fold(story(trouble, edges=edges))

    told(case)
    assert case.conclusion is not None
    assert {(cause.service, cause.mode) for cause in case.conclusion.causes} <= {
        (trouble.where, trouble.mode)
    }
    assert edges <= bool(case.conclusion.causes), "with a map of who needs whom the rules find it alone"
    assert case.replies or gave_way(case)


@pytest.mark.timeout(1800)
def test_answer_to_a_question_rests_on_what_was_read() -> None:
    run = made.investigator(made.shop(), begun(TASKS), reasoner=mind())
    for _ in run.run():
        pass

    told(run.case)
    assert run.case.reply is not None
    assert set(run.case.reply.citations) <= run.case.results.keys()
    assert run.case.reply.citations or run.case.reply.text.startswith("I cannot tell")


@pytest.mark.timeout(1800)
def test_what_it_said_is_not_asked_again() -> None:
    events = story(CASES[0], edges=True)
    known = [EVENT.validate_json(event.model_dump_json()) for event in events[:-1]]
    died = fold(known)

    run = made.investigator(CASES[0].build(), died, reasoner=mind())
    rest = list(run.run())

    assert [event.type for event in rest if event.type == "ModelAnswered"] == []
    assert run.case.conclusion == fold(events).conclusion
