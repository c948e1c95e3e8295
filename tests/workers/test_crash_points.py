"""Every named crash point: a process dies there, its successor carries on, and from outside nothing shows.

Real processes, Redis, local Slack and local cloud, shared by all cases. A point without a case fails.
"""

import re
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

import pytest

from knowledge.embedder import Embedder
from knowledge.sources.filesystem import Filesystem
from knowledge.store import Store
from knowledge.sync import sync
from tests.faults.crew import Talk
from tests.faults.plant import ROOT
from tests.faults.stage import PARTS, Approving, Stage, stage
from tests.faults.waiting import eventually, never
from tests.knowledge.conftest import chroma
from workers import crash
from workers.crash import POINTS
from workers.domain.approval import ApprovalState
from workers.domain.errors import SettingsError
from workers.domain.event import Event
from workers.ledger.audit import first_bad
from workers.settings import Process

CAUSE = "Bad deployment: shop-payments:75"
UNKNOWN = "paymentz is slow"
OTHERS: tuple[Process, ...] = ("clock", "quick", "worker", "executor")
"""All but the bot."""
RESUMED = 20.0
"""Seconds after which somebody else goes on with what a dead worker or executor left."""


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    folder = tmp_path_factory.mktemp("crash")
    sources = [{"path": str(folder / name)} for name in ("first", "second")]
    for source in sources:
        Path(source["path"]).mkdir()
    with stage(folder, knowledge={"sources": sources}) as one:
        yield one


@dataclass(frozen=True)
class Case:
    """Who dies where, one after another, in which scene, and what the cloud has seen in the end."""

    process: Process
    scene: Callable[[Stage, "Case"], None]
    points: tuple[str, ...]
    writes: int = 1
    state: ApprovalState = ApprovalState.SUCCEEDED


# Scenes


def asked(stage: Stage, case: Case) -> None:
    """A request that takes moments dies on its way in."""
    stage.run()
    if case.process == "quick":
        stage.without("worker")  # or it would say what quick is to say
    stage.doom(case.process, case.points[0])

    talk = mention(stage, UNKNOWN)
    perish(stage, case)
    revive(stage, *(OTHERS if case.process == "bot" else PARTS))

    assert_answered(talk, "Unknown service: paymentz. ")
    if case.process == "bot":
        stage.run()
        stage.slack.advance(61)  # Slack brings again what was not acknowledged, long after it is done
        never(lambda: len(talk.sql("SELECT 1 FROM investigations WHERE channel = :c", c=talk.room)) > 1, 1.5)
        assert_answered(talk, "Unknown service: paymentz. ")


def investigated(stage: Stage, case: Case) -> None:
    """An investigation with a cause and a card dies on its way."""
    stage.run()
    stage.doom(case.process, case.points[0])

    talk = mention(stage, "checkout is slow")
    perish(stage, case)
    before = talk.steps()
    revive(stage)

    assert_cause(talk)
    assert talk.steps()[: len(before)] == before


def approved(stage: Stage, case: Case) -> None:
    """A change dies between the vote and the verdict."""
    stage.run()
    talk = Approving(stage)
    stage.doom(case.process, case.points[0])

    rollout = threading.Thread(target=talk.rolled_out) if case.writes else None
    if rollout:
        rollout.start()
    talk.approve()
    perish(stage, case)
    revive(stage)
    talk.over()
    if rollout:
        rollout.join(30)

    assert_changed(talk, case)


def left_lying(stage: Stage, case: Case) -> None:
    """The clock dies over a request that the queue has lost."""
    stage.run()
    stage.without("worker", "clock")
    talk = mention(stage, UNKNOWN)
    lose_queue(stage)

    stage.doom(case.process, case.points[0])
    perish(stage, case)
    stage.run()

    assert_answered(talk, "Unknown service: paymentz. ")
    assert len(talk.runners()) == 1


def left_unmade(stage: Stage, case: Case) -> None:
    """The clock dies over an approved change that the queue has lost."""
    stage.run()
    talk = Approving(stage)
    stage.without("executor", "clock")
    talk.approve()
    lose_queue(stage)

    stage.doom(case.process, case.points[0])
    perish(stage, case)
    stage.run()
    talk.rolled_out()
    talk.over()

    assert_changed(talk, case)


def expired(stage: Stage, case: Case) -> None:
    """The clock dies when it has ended an approval that nobody decided in time."""
    stage.run()
    talk = Approving(stage)
    stage.doom(case.process, case.points[0])
    talk.sql("UPDATE approvals SET expires_at = 1 WHERE id = :i", i=talk.changing.approval.id)
    perish(stage, case)
    stage.run()
    eventually(lambda: talk.case.conclusion)
    talk.over()

    assert_changed(talk, case)
    assert talk.kinds().count("ApprovalExpired") == 1


def synced(stage: Stage, case: Case) -> None:
    """Quick dies between the documents of two sources."""
    folders = [stage.site.folder / name for name in ("first", "second", "third")]
    for folder in folders:
        folder.mkdir(exist_ok=True)
        (folder / "pool.md").write_text(f"# Pool\n\nWhat to do when the pool of {folder.name} is full.\n")
    with chroma(stage.site.folder / "chroma") as (url, _):
        store = Store(url, Embedder.version)
        sync(Filesystem(folders[2]), store, Embedder())  # is no longer configured
        stage.doom(case.process, case.points[0], CHROMA_URL=url)
        stage.site.queue.put("sync", "documents")
        perish(stage, case)
        assert len(store.sources()) == 2

        stage.without(case.process)
        stage.start(case.process, CHROMA_URL=url)
        stage.site.queue.put("sync", "documents")  # as the clock does every minute

        configured = frozenset(Filesystem(folder).name for folder in folders[:2])
        eventually(lambda: store.sources() == configured)
        assert [len(store.hashes(name)["pool.md"]) for name in sorted(store.sources())] == [1, 1]
        stage.without(case.process)


ENDS = {
    ApprovalState.SUCCEEDED: "Changed, not recovered: Run shop-checkout:70 on checkout.",
    ApprovalState.FAILED: "Change refused: Run shop-checkout:70 on checkout. Nothing was changed.",
    ApprovalState.EXPIRED: "Expired: Run shop-checkout:70 on checkout. Nothing was changed.",
}
"""The last word of a thread about a change."""

CASES = (
    Case("bot", asked, ("accepted",)),
    Case("bot", asked, ("queued",)),
    Case("bot", approved, ("wrote-ApprovalDecided",)),
    Case("bot", approved, ("decided",)),
    Case("worker", asked, ("claimed",)),
    Case("worker", investigated, ("wrote-QueryAnswered:3", "wrote-FactsGathered")),
    Case("worker", investigated, ("wrote-Concluded", "wrote-ApprovalRequested")),
    Case("worker", investigated, ("wrote-RemedyProposed", "worked")),
    Case("quick", asked, ("delivering", "sending", "sent")),
    Case("quick", synced, ("synced",)),
    # Whether a call left that had been intended only reading can tell: it is never sent again.
    Case("executor", approved, ("wrote-ChangeIntended",), writes=0, state=ApprovalState.FAILED),
    Case("executor", approved, ("taken", "made", "wrote-ChangeUnknown")),
    Case("executor", approved, ("wrote-ChangeMade", "wrote-QueryAnswered", "wrote-Verified")),
    Case("clock", left_lying, ("found", "requeued")),
    Case("clock", left_unmade, ("found-change",)),
    Case("clock", expired, ("wrote-ApprovalExpired",), writes=0, state=ApprovalState.EXPIRED),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.process} at {', '.join(case.points)}")
def test_process_that_dies_here_loses_nothing_and_does_nothing_twice(running: Stage, case: Case) -> None:
    running.site.expire_cards()

    case.scene(running, case)

    assert first_bad(iter(running.site.ledger.audit_records())) is None


def test_every_point_has_a_case_and_a_place_in_the_code_and_nothing_else_has() -> None:
    code = "\n".join(path.read_text() for part in ("bot", "workers") for path in (ROOT / part).rglob("*.py"))
    named = re.findall(r'crash\.here\("([^"]+)"\)', code)
    events = {name for name in POINTS if name.startswith("wrote-")}

    assert {point.partition(":")[0] for case in CASES for point in case.points} == set(POINTS)
    assert sorted(named) == sorted(set(POINTS) - events)
    kinds = {kind.model_fields["type"].default for kind in get_args(get_args(Event)[0])}
    assert events <= {f"wrote-{kind}" for kind in kinds}


@pytest.mark.parametrize("said", ["elsewhere", "made:0", "made:x", ":1"])
def test_name_that_is_no_point_stops_the_start_and_lists_all_there_are(said: str) -> None:
    with pytest.raises(SettingsError, match="is no crash point") as refused:
        crash.arm({crash.VARIABLE: said})

    assert all(f"  {name} " in refused.value.mend for name in POINTS)


def test_process_with_an_unknown_name_does_not_start(running: Stage) -> None:
    running.doom("clock", "elsewhere")

    assert running.parts["clock"].wait(20) == 1
    assert "RUNBOOK_CRASH_AT is 'elsewhere', which is no crash point." in running.site.log("clock")


def test_dead_worker_and_dead_executor_are_found_by_their_heartbeats_within_seconds(running: Stage) -> None:
    running.run()
    changing = Approving(running)
    running.doom("executor", "taken")
    running.doom("worker", "wrote-FactsGathered")
    investigating = mention(running, "checkout is slow")
    changing.approve()
    running.fell("executor")
    running.fell("worker")
    since = time.monotonic()

    running.run()
    eventually(lambda: len(investigating.runners()) == 2 and "ChangeIntended" in changing.kinds())

    assert time.monotonic() - since < RESUMED
    changing.rolled_out()
    changing.over()
    investigating.concluded()
    assert len(changing.changing.writes()) == 1
    assert_sound(investigating)
    assert_sound(changing)


# What a scene is made of


def mention(stage: Stage, text: str) -> Talk:
    return Talk(stage, f"@Runbook {text}")


def perish(stage: Stage, case: Case) -> None:
    """It dies; and each that comes after it, at the points that follow."""
    stage.fell(case.process)
    for point in case.points[1:]:
        stage.site.pass_time(40)
        stage.doom(case.process, point)
        stage.fell(case.process)


def revive(stage: Stage, *parts: Process) -> None:
    """Start again what has died; what it held is taken for abandoned at once."""
    stage.site.pass_time(40)
    stage.run(*parts)


def lose_queue(stage: Stage) -> None:
    stage.site.redis.wipe()
    stage.site.pass_time()


# What can be seen from outside


def assert_sound(talk: Talk) -> None:
    """Accepted once, nothing missing, nothing twice, nothing left to say."""
    assert talk.sql("SELECT count(*) FROM investigations WHERE channel = :c", c=talk.room) == [(1,)]
    assert talk.kinds().count("IncidentReported") == 1
    assert talk.unsaid() == []
    talk.assert_whole()


def assert_answered(talk: Talk, words: str) -> None:
    """One live message and one last word."""
    talk.concluded()
    _live, last = talk.texts()
    assert last.startswith(words)
    assert_sound(talk)


def assert_cause(talk: Talk) -> None:
    conclusion = talk.concluded()
    assert conclusion.headline == CAUSE
    live, cause, card = talk.texts()
    assert live.startswith(f"Root cause found · waiting for approval: {CAUSE}")
    assert cause.startswith(f"Root cause: {CAUSE}. ")
    assert card.startswith("Approval needed: Run shop-payments:74 on payments.")
    assert_sound(talk)


def assert_changed(talk: Approving, case: Case) -> None:
    """The cloud has seen as many changes as it should, and the thread says how it ended."""
    assert len(talk.changing.writes()) == case.writes
    assert talk.state is case.state
    for kind in ("ChangeIntended", "ChangeMade", "Verified"):
        assert talk.kinds().count(kind) <= 1, kind
    assert sum(text.startswith(ENDS[case.state]) for text in talk.texts()) == 1, talk.texts()
    assert_sound(talk)
