"""Investigations whose workers die, sleep, are told to stop, or race: each goes on, once, and says so.

Every process is real: bot, clock, quick and workers over one ledger and one Redis, a local Slack and cloud.
"""

import signal
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.faults.crew import Crew, Talk, crew, wake
from tests.faults.waiting import alive, children, eventually, kill, never
from tests.workers import making
from workers import jobs, wiring
from workers.domain.call import ToolResult, TopologyData
from workers.domain.conclusion import Outcome
from workers.domain.event import Concluded, Event, Stopped
from workers.domain.investigation import Investigation
from workers.domain.post import Post
from workers.domain.telemetry import Resource
from workers.ledger import Ledger, connect, migrate
from workers.settings import load

LOGS, SAY = "FilterLogEvents", "chat.postMessage"
CAUSE = "Bad deployment: shop-payments:75"


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Crew]:
    with crew(tmp_path_factory.mktemp("jobs")) as one:
        yield one


@pytest.fixture
def pair(running: Crew) -> Iterator[Crew]:
    """A crew with two workers."""
    running.calm()
    running.workers(2)
    yield running
    running.calm()


def begun(crew: Crew, text: str = "checkout is slow") -> Talk:
    """An investigation that has facts and claims, and waits for the answer to a query."""
    held = crew.line.gate(LOGS, before=True)
    talk = crew.mention(text)
    assert held.asked.wait(30)
    eventually(lambda: not talk.unsaid())
    return talk


def assert_cause_was_named_once(talk: Talk) -> None:
    conclusion = talk.concluded()

    assert conclusion.outcome is Outcome.CAUSED
    assert conclusion.headline == CAUSE
    talk.assert_whole()
    live, cause, card = talk.texts()
    assert live.startswith(f"Root cause found · waiting for approval: {CAUSE}")
    assert cause.startswith(f"Root cause: {CAUSE}. ")
    assert card.startswith("Approval needed: Run shop-payments:74 on payments.")


# A crowd


def test_in_a_crowd_everybody_gets_facts_before_anybody_gets_a_cause(running: Crew) -> None:
    running.calm()
    (worker,) = running.workers(1)
    running.suspend(worker)
    talks = [running.mention() for _ in range(3)]
    eventually(lambda: running.site.queue.waiting("investigate") == 3)
    wake(worker)

    for talk in talks:
        talk.concluded(90)
        talk.assert_whole()

    facts, causes = ([talk.at(kind) for talk in talks] for kind in ("FactsGathered", "Concluded"))
    assert max(facts) < min(causes)


# Workers that die or sleep


def test_worker_killed_in_the_middle_is_replaced_by_another(pair: Crew) -> None:
    talk = begun(pair)
    before = talk.steps()
    assert "QueryAsked" in talk.kinds()

    kill(pair.at_work().pid)
    pair.site.pass_time()

    assert_cause_was_named_once(talk)
    assert talk.steps()[: len(before)] == before
    assert len(talk.runners()) == 2


def test_worker_killed_after_slack_has_what_it_said_does_not_make_it_said_again(pair: Crew) -> None:
    lost = pair.slack_line.gate(SAY, after=True, drop=True)
    lost.fits = lambda name, body: name.endswith(SAY) and b"Approval needed" in body
    talk = pair.mention()
    worker = pair.at_work()
    assert lost.answered.wait(30)

    kill(worker.pid)
    pair.site.pass_time(40)

    assert_cause_was_named_once(talk)


def test_worker_that_slept_writes_and_says_nothing_after_another_took_over(pair: Crew) -> None:
    talk = begun(pair)
    sleeper = pair.at_work()
    pair.suspend(sleeper)
    (job,) = children(sleeper.pid)

    pair.site.pass_time()
    assert_cause_was_named_once(talk)
    written, said = talk.steps(), talk.replies()
    pair.line.open()
    wake(sleeper)

    eventually(lambda: not alive(job))
    assert alive(sleeper.pid)
    assert talk.steps() == written
    assert talk.replies() == said
    first, second = talk.runners()
    by = [runner for *_, runner in written if runner]
    assert first not in by[by.index(second) :]


def test_investigation_that_breaks_every_time_is_given_up_after_three_tries_with_a_reason(
    pair: Crew,
) -> None:
    talk = begun(pair)
    for _ in range(2):
        again = pair.line.gate(LOGS, before=True)
        break_job(pair)
        assert again.asked.wait(20)
    break_job(pair)

    talk.settled()

    assert talk.kinds().count("Failed") == 1
    assert talk.kinds()[-1] == "Failed"
    assert talk.case.conclusion is None
    talk.assert_whole()
    (live,) = talk.texts()
    assert live.startswith("Could not finish.")
    asked = talk.case.pending()[0].call.why
    told = f"started 3 times and broke each time, last while it asked {asked}. Mention me again"
    assert told in talk.shown()


def break_job(crew: Crew) -> None:
    """Its process dies, as one does that takes all the memory there is."""
    (job,) = children(crew.at_work().pid)
    kill(job)
    crew.site.pass_time()


# One at a time


def test_two_workers_never_run_the_same_investigation(pair: Crew) -> None:
    calls = len(pair.line.seen)
    talk = begun(pair)
    holder = talk.held()

    for _ in range(6):
        pair.site.queue.put("investigate", talk.id)
    eventually(lambda: pair.site.queue.waiting("investigate") == 0)
    never(lambda: talk.held() != holder, 1)
    pair.line.open()

    assert_cause_was_named_once(talk)
    assert talk.runners() == [holder]
    names = [name.rpartition(".")[2] for name in pair.line.seen[calls:]]
    assert names.count("ListClusters") == names.count("LookupEvents") == 1


def test_job_about_nothing_or_about_something_finished_changes_nothing(pair: Crew) -> None:
    talk = pair.mention("paymentz is slow")
    talk.concluded()
    steps, replies = talk.steps(), talk.replies()
    log = pair.site.log("worker")

    for subject in (talk.id, "nobody", "0" * 12):
        pair.site.queue.put("investigate", subject)
        pair.site.queue.put("deliver", subject)
    eventually(lambda: pair.idle())

    assert (talk.steps(), talk.replies()) == (steps, replies)
    assert pair.site.log("worker") == log
    assert "Traceback" not in pair.site.log("quick")


# Stop


def test_stop_ends_an_investigation_in_the_middle_with_a_word(pair: Crew) -> None:
    talk = begun(pair)

    assert talk.press("stop", "controls")["acknowledged"]

    eventually(lambda: [text for text in talk.texts() if text.startswith("Stopped.")], 5)
    pair.line.open()
    talk.settled()
    assert talk.kinds()[-1] == "Stopped"
    talk.assert_whole()
    (live,) = talk.texts()
    assert live.startswith("Stopped.")
    assert '"action_id": "stop"' not in talk.shown()


def test_stop_in_the_last_moment_still_stops(running: Crew, tmp_path: Path) -> None:
    running.calm()
    site = running.site
    url = f"sqlite:///{tmp_path / 'ledger.db'}"
    migrate(url)
    ledger = Late(connect(url))
    parts = jobs.parts(load(site.config, site.environ | {"DATABASE_URL": url}, "worker"))
    investigation = ledger.accept(making.incident(at=wiring.now()), ("last moment",), wiring.now()).id

    jobs.investigate(replace(parts, ledger=ledger), investigation)

    ledger.close()
    kinds = [event.type for event in ledger.journal(investigation)]
    assert kinds[-2:] == ["HypothesisPruned", "Stopped"]


class Late(Ledger):
    """A ledger in which somebody presses Stop while the conclusion is on its way to it."""

    def append(
        self, investigation: str, seq: int, event: Event, posts: tuple[Post, ...] = (), runner: str = ""
    ) -> None:
        if isinstance(event, Concluded) and self.load(investigation).phase != "stopped":
            self.record(investigation, Stopped(at=wiring.now()))
        super().append(investigation, seq, event, posts, runner)


# Somebody who may not ask about everything


OURS = ("payments", "payments-*", "shop-payments*")


def asked_within(running: Crew, folder: Path, text: str, **scope: Any) -> Investigation:
    """An investigation that Alice wants, with this one scope in the settings of the worker."""
    site, url = running.site, f"sqlite:///{folder / 'ledger.db'}"
    migrate(url)
    config = yaml.safe_load(site.config.read_text()) | {"access": {"scopes": [scope]}}
    (folder / "config.yaml").write_text(yaml.safe_dump(config))
    parts = jobs.parts(load(folder / "config.yaml", site.environ | {"DATABASE_URL": url}, "worker"))
    incident = making.incident(text, at=wiring.now())
    investigation = parts.ledger.accept(incident, ("scoped",), wiring.now()).id
    jobs.investigate(parts, investigation)
    case = parts.ledger.load(investigation)
    parts.ledger.close()
    return case


def test_investigation_sees_only_what_its_asker_may_ask_about(running: Crew, tmp_path: Path) -> None:
    running.calm()
    case = asked_within(running, tmp_path, "payments is slow", people=[making.ALICE.id], services=OURS)

    assert case.conclusion is not None
    assert case.conclusion.headline == CAUSE
    seen = {r.name for result in case.results.values() for r in resources(result)}
    assert seen
    assert all(any(fnmatchcase(name, one) for one in OURS) or "." in name for name in seen)
    assert any("outside what may be asked about" in gap.why for gap in case.conclusion.gaps)


def resources(result: ToolResult) -> tuple[Resource, ...]:
    return result.data.topology.resources if isinstance(result.data, TopologyData) else ()


@pytest.mark.parametrize(
    ("scope", "says"),
    [
        ({"people": [making.ALICE.id], "services": OURS}, "may not ask about checkout here"),
        ({"people": [making.BEN.id]}, "may not ask about anything here"),
    ],
)
def test_what_its_asker_may_not_ask_about_is_not_looked_at(
    running: Crew, tmp_path: Path, scope: dict[str, Any], says: str
) -> None:
    running.calm()
    running.line.seen.clear()

    case = asked_within(running, tmp_path, "checkout is slow", **scope)

    assert case.phase == "failed"
    assert says in case.failures[-1].why
    assert case.queries == {}
    with closing(Ledger(connect(f"sqlite:///{tmp_path / 'ledger.db'}"))) as ledger:
        (record,) = ledger.audited("AskRefused")
    assert (record["actor"], record["investigation"]) == (making.ALICE.id, case.id)
    assert not [name for name in running.line.seen if name.endswith((LOGS, "GetMetricData", "LookupEvents"))]


# Told to stop; the last test, because it leaves work for a worker that nobody starts


def test_worker_told_to_stop_finishes_what_it_has_and_leaves_the_rest_to_others(running: Crew) -> None:
    running.calm()
    for spare in running.workers(1)[1:]:
        spare.kill()
        spare.wait(10)
    talk = begun(running)
    worker = running.at_work()
    worker.send_signal(signal.SIGTERM)
    later = running.mention()
    never(lambda: worker.poll() is not None, 0.5)

    running.line.open()

    assert worker.wait(30) == 0
    assert_cause_was_named_once(talk)
    assert len(talk.runners()) == 1
    assert later.runners() == []
    assert later.id in running.site.queue.queued("investigate")
