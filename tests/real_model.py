"""`make test-llm`: a real model, small or large, in the place of the scripted one.

A test of the plumbing and of the guards, not of accuracy: whatever it says, nothing may come out that the
evidence does not carry. RUNBOOK_TEST_LLM_URL and RUNBOOK_TEST_LLM_MODEL say which one, RUNBOOK_TEST_LLM_KEY
is for those that want a key; without them it is the small one of `tests/small_model.py`.
"""

import os
from collections.abc import Iterator

import pytest

from tests.model_server import KEY
from tests.scenarios import worlds
from tests.small_model import NAME, small_model
from tests.workers import making
from tests.workers.agent import made
from tests.workers.agent.minds import gave_way, minded
from tests.workers.agent.talks import TASKS, begun
from tests.workers.agent.troubles import TROUBLES, Trouble
from workers.agent.fallback import Fallback
from workers.agent.model import Limits, ModelReasoner
from workers.domain.budget import Budget
from workers.domain.event import EVENT, Event
from workers.domain.investigation import Investigation, fold
from workers.llm import Provider
from workers.llm.claude import Claude, direct

SHOWN = ("bad_deployment", "lock_contention", "disk_full")
CASES = [trouble for trouble in TROUBLES if trouble.mode in SHOWN]


@pytest.fixture(scope="module")
def model() -> Iterator[Provider]:
    url = os.environ.get("RUNBOOK_TEST_LLM_URL")
    if url:
        key = os.environ.get("RUNBOOK_TEST_LLM_KEY", "none")
        yield asking(os.environ["RUNBOOK_TEST_LLM_MODEL"], url, key)
        return
    with small_model() as api:
        yield asking(NAME, api.address, KEY)


def asking(name: str, url: str, key: str) -> Provider:
    # On a laptop thirty tokens a second are read, and nothing is said before all of them are.
    return Claude(name, direct(key, url), pause=900, patience=900)


def limits(model: Provider) -> Limits:
    """What the small one has not said in 600 tokens it does not know."""
    return Limits(prompt=8000, answer=600) if model.model == NAME else Limits()


def mind(model: Provider) -> Fallback:
    # Each round of a talk costs the small one half a minute.
    return minded(model, Budget(iterations=4) if model.model == NAME else Budget(), limits(model))


def story(trouble: Trouble, model: Provider, *, edges: bool) -> tuple[Event, ...]:
    world = trouble.build()
    world.needs = world.needs if edges else ()
    run = made.investigator(world, made.begun(trouble.text), reasoner=mind(model))
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
def test_what_is_blamed_is_right_or_nothing(model: Provider, trouble: Trouble, edges: bool) -> None:
    case = fold(story(trouble, model, edges=edges))

    told(case)
    assert case.conclusion is not None
    assert {(cause.service, cause.mode) for cause in case.conclusion.causes} <= {
        (trouble.where, trouble.mode)
    }
    assert edges <= bool(case.conclusion.causes), "with a map of who needs whom the rules find it alone"
    assert case.replies or gave_way(case)


@pytest.mark.timeout(1800)
def test_answer_to_a_question_rests_on_what_was_read(model: Provider) -> None:
    run = made.investigator(made.shop(), begun(TASKS), reasoner=mind(model))
    for _ in run.run():
        pass

    told(run.case)
    assert run.case.reply is not None
    assert set(run.case.reply.citations) <= run.case.results.keys()
    assert run.case.reply.citations or run.case.reply.text.startswith("I cannot tell")


@pytest.mark.timeout(1800)
def test_what_it_said_is_not_asked_again(model: Provider) -> None:
    events = story(CASES[0], model, edges=True)
    known = [EVENT.validate_json(event.model_dump_json()) for event in events[:-1]]
    died = fold(known)

    run = made.investigator(CASES[0].build(), died, reasoner=mind(model))
    rest = list(run.run())

    assert [event.type for event in rest if event.type == "ModelAnswered"] == []
    assert run.case.conclusion == fold(events).conclusion


@pytest.mark.timeout(1800)
def test_world_of_the_demo_is_investigated_by_both_minds(model: Provider) -> None:
    with worlds.cloud() as running:
        alert = worlds.told(running.case(application="shop", faults=["bad_deployment"], seed=1)["alert"])
        truth = running.ask("/_cloud/truth")
        ruled, _ = worlds.investigate(running, alert)
        asked = ModelReasoner(model, Budget(), limits(model), worlds.now)
        thought, _ = worlds.investigate(running, alert, Fallback(asked, worlds.now))

    told(thought)
    assert worlds.verdict(ruled, truth)[0]
    assert worlds.verdict(thought, truth) == worlds.verdict(ruled, truth)
    assert thought.replies or gave_way(thought)
