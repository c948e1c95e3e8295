"""A worker whose mind is a model's: killed while it waits for an answer, and left by its model."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.crew import Crew, Talk, crew
from tests.faults.waiting import eventually, kill
from tests.messages_api import KEY, MessagesApi, Turn, messages_api
from tests.workers.agent.minds import MODEL, honest
from tests.workers.agent.talks import TOPOLOGY, answering, stated

CAUSE = "Bad deployment: shop-payments:75"


@pytest.fixture(scope="module")
def api() -> Iterator[MessagesApi]:
    with messages_api((MODEL,)) as one:
        yield one


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory, api: MessagesApi) -> Iterator[Crew]:
    with crew(tmp_path_factory.mktemp("jobs")) as one:
        one.site.environ |= {"ANTHROPIC_API_KEY": KEY, "ANTHROPIC_BASE_URL": api.address}
        yield one


def test_worker_killed_while_the_model_thinks_is_replaced_and_the_model_asked_once_more(
    running: Crew, api: MessagesApi
) -> None:
    api.says(Turn(fault="stall", seconds=25))
    api.script = honest()
    running.workers(2)
    talk = running.mention()
    eventually(lambda: api.asked, 60)

    kill(running.at_work().pid)
    running.site.pass_time()
    conclusion = talk.concluded(60)

    assert conclusion.headline == CAUSE
    assert conclusion.account.startswith("The first sign of it was that ")
    talk.assert_whole()
    assert len(talk.runners()) == 2
    assert (api.asked, talk.kinds().count("ModelAnswered")) == (2, 1)
    assert f"In the words of {MODEL}" in talk.shown()
    assert f"{MODEL} ({talk.case.usage.tokens:,} tokens, $0.0" in talk.shown()
    assert KEY not in running.site.log("worker")


def test_model_that_is_away_leaves_the_answer_to_the_rules_and_the_thread_says_so(
    running: Crew, api: MessagesApi
) -> None:
    running.calm()
    api.forget()
    api.script = lambda body: Turn(status=401, message="invalid x-api-key")
    running.workers(1)

    talk = running.mention()

    assert talk.concluded(60).headline == CAUSE
    assert f"{MODEL}, then rules: it answered 401 (invalid x-api-key) Check llm.api_key." in talk.shown()


def test_questions_of_a_thread_are_answered_from_tools_and_from_what_was_said_there(
    running: Crew, api: MessagesApi
) -> None:
    running.calm()
    api.forget()
    text = "The payments service has a desired count of 2."
    runs, again = (answering(stated(text, key)) for key in ("m1", "t1"))
    api.says(Turn(uses=(TOPOLOGY,)), runs, again)
    running.workers(1)

    talk = running.mention("how many tasks of payments are desired?")
    eventually(lambda: talk.case.reply, 30)
    running.slack.say("@Runbook and how many were that?", channel=talk.room, thread_ts=talk.ts)
    told = eventually(lambda: running.site.ledger.told_in(*thread(talk))[1:], 30)
    second = told[0].investigation
    reply = eventually(lambda: running.site.ledger.load(second).reply, 30)

    assert talk.case.reply is not None
    assert talk.case.reply.citations == ("m1",)
    assert (reply.citations, reply.sources) == (("t1",), ("this thread",))
    eventually(lambda: not running.site.sql("SELECT 1 FROM outbox WHERE sent < revision"), 30)
    assert talk.texts() == [talk.case.reply.text, reply.text]
    assert f"queries · read from aws · {MODEL} (" in talk.shown()


def thread(talk: Talk) -> tuple[str, str, str]:
    where = talk.case.incident.thread
    return where.team, where.channel, where.ts


def test_folder_of_the_configuration_holds_no_key(running: Crew) -> None:
    folder: Path = running.site.folder

    assert not [file for file in folder.rglob("*.jsonl") if KEY in file.read_text()]
