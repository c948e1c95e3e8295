"""What an investigation says when a part is away: which one, what that leaves unknown, and what to do.

Every process is real. Out of questions that failed comes no "nothing is wrong", and nothing is lost.
"""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing

import pytest

from tests.faults.crew import Crew, Talk, crew
from tests.faults.waiting import children, eventually
from tests.faults.wire import Gate
from workers.domain.conclusion import Outcome
from workers.sandbox.front.identity import READS

LOGS, SERIES = "FilterLogEvents", "GetMetricData"
SPARED = "ecs:DescribeClusters"
"""Something has to be allowed, or the local cloud takes it for no policy at all."""
CAUSE = "Bad deployment: shop-payments:75"


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Crew]:
    with crew(tmp_path_factory.mktemp("outages")) as one:
        yield one


@pytest.fixture
def site(running: Crew) -> Iterator[Crew]:
    """A crew with one worker. There is no Chroma in any of these tests."""
    running.calm()
    running.workers(1)
    yield running
    running.calm()


def begun(site: Crew) -> tuple[Talk, Gate]:
    """An investigation that has facts and claims, and what holds the answer that it waits for."""
    held = site.line.gate(LOGS, before=True)
    talk = site.mention()
    assert held.asked.wait(30)
    return talk, held


def assert_cause(talk: Talk) -> None:
    conclusion = talk.concluded()
    assert (conclusion.outcome, conclusion.headline) == (Outcome.CAUSED, CAUSE)
    talk.assert_whole()
    card, cause = sorted(talk.texts()[1:])
    assert cause.startswith(f"Root cause: {CAUSE}. ")
    assert card.startswith("Approval needed: ")


def assert_inconclusive(talk: Talk, unread: str, mend: str) -> None:
    """The last word names what could not be read and how to mend it, once; nothing is said to be fine."""
    conclusion = talk.concluded()
    assert conclusion.outcome is Outcome.INCONCLUSIVE
    assert conclusion.confidence.value == 0
    assert sum(mend in step for step in conclusion.next_steps) == 1
    talk.assert_whole()
    _live, last = talk.texts()
    assert last.startswith("Inconclusive: ")
    shown = talk.shown()
    assert "What I could not see" in shown
    assert "as usual" not in shown
    assert "Not an incident" not in shown
    assert sum(unread in f"{gap.what}: {gap.why}" for gap in conclusion.gaps) == 1


# AWS


def test_unreachable_aws_is_inconclusive_and_says_what_could_not_be_read(site: Crew) -> None:
    site.line.cut()

    talk = site.mention()

    assert_inconclusive(talk, "ecs-services: AWS ecs is unreachable", "Check the network and the endpoint.")
    assert "I cannot see whether anything is wrong" in talk.texts()[-1]


@pytest.fixture(scope="module")
def half_seen(running: Crew) -> Talk:
    """An investigation that had its facts and its claims when AWS went away."""
    running.calm()
    running.workers(1)
    talk, held = begun(running)
    running.line.cut()
    held.vanish = True
    held.let.set()
    talk.concluded()
    return talk


def test_aws_that_goes_away_in_the_middle_leaves_the_facts_and_names_no_cause(half_seen: Talk) -> None:
    unread = "since the onset that it did not log before: AWS logs is unreachable"
    assert_inconclusive(half_seen, unread, "Check the network and the endpoint.")
    assert "checkout: error rate" in half_seen.texts()[-1]


def test_claim_about_which_nothing_could_be_read_is_not_ruled_out(half_seen: Talk) -> None:
    assert "nothing that was looked for was found" not in half_seen.shown()


def test_aws_that_denies_everything_is_inconclusive_and_names_the_permissions(site: Crew) -> None:
    site.cloud.play("bad_deployment", deny=[read for read in READS if read != SPARED])

    talk = site.mention()

    assert_inconclusive(talk, "ecs-services: access denied: ecs:ListClusters", "Grant ecs:ListClusters")
    assert "ecs:ListClusters" in talk.texts()[-1]


def test_service_that_may_not_be_seen_is_not_called_unknown(site: Crew) -> None:
    site.cloud.play("bad_deployment", deny=[read for read in READS if read.startswith("ecs:")])

    talk = site.mention()

    talk.concluded()
    site.cloud.play("bad_deployment")
    assert "I know no service" not in talk.shown()


def test_unknown_service_is_said_to_be_unknown_with_the_nearest_names(site: Crew) -> None:
    talk = site.mention("paymentz is slow")

    conclusion = talk.concluded()

    assert conclusion.outcome is Outcome.INCONCLUSIVE
    assert conclusion.headline == "Unknown service: paymentz"
    assert "Did you mean payments? Mention me again with the right name." in talk.shown()
    assert "HypothesisFormed" not in talk.kinds()


# Parts of our own


def test_chroma_that_is_away_costs_only_the_runbooks_and_is_said(site: Crew) -> None:
    talk = site.mention()

    assert_cause(talk)

    assert "runbooks about what was reported: Chroma is unreachable" in talk.shown()
    assert "Start Chroma, or correct its address (chroma_url)." in talk.shown()


def test_redis_that_is_away_for_seconds_does_not_stop_what_is_under_way(site: Crew) -> None:
    talk, _held = begun(site)
    worker = site.at_work()
    job = children(worker.pid)

    site.redis.kill()
    time.sleep(6.5)  # a worker tells Redis every five seconds that it lives
    assert children(worker.pid) == job
    site.line.open()
    eventually(lambda: talk.case.conclusion)
    site.redis.start()

    assert_cause(talk)
    assert len(talk.runners()) == 1
    assert all(part.poll() is None for part in site.site.parts)


def test_slack_that_does_not_answer_loses_no_word_and_makes_no_worker_look_dead(site: Crew) -> None:
    facts = site.line.gate(SERIES, before=True)
    logs = site.line.gate(LOGS, before=True)
    talk = site.mention()
    assert facts.asked.wait(30)
    eventually(lambda: not talk.unsaid())
    heard = len(site.slack_line.seen)

    site.slack_line.deafen()
    facts.let.set()
    assert logs.asked.wait(30)
    eventually(lambda: site.slack_line.seen[heard:])
    deaf_since = time.time()
    eventually(lambda: talk.beat() > deaf_since + 1, 8)
    site.slack_line.open()
    site.slack_line.cut()
    site.line.open()
    eventually(lambda: [error for key, error in talk.unsaid() if key == "cause" and error])
    site.slack_line.open()

    assert_cause(talk)
    assert len(talk.runners()) == 1


def test_ledger_that_is_locked_for_seconds_loses_no_step(site: Crew) -> None:
    talk, _held = begun(site)

    with closing(sqlite3.connect(site.site.database, timeout=15, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        site.line.open()
        time.sleep(3)
        other.execute("COMMIT")

    assert_cause(talk)
    assert len(talk.runners()) == 1
