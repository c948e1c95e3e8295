"""What workers do: run investigations, deliver posts, keep the index of documents up to date."""

import logging
import os
import threading
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from typing import Literal

from knowledge.embedder import Embedder
from knowledge.retriever import Retriever
from knowledge.sync import prune, sync
from workers import crash, rosters, wiring
from workers.agent import memory
from workers.agent.investigator import Investigator
from workers.agent.reasoner import Reasoner
from workers.domain.errors import Fenced, RunbookError, Unreachable
from workers.domain.event import Event, FactsGathered, Failed
from workers.domain.investigation import Investigation
from workers.ledger import Conflict, Ledger
from workers.queue import Handlers, Queue, serve
from workers.safety.access import Scope, access
from workers.safety.gate import Gate
from workers.safety.policy import DAY, policy
from workers.safety.scope import MEND
from workers.settings import Settings
from workers.thread.posts import posts
from workers.thread.publisher import Publisher

log = logging.getLogger(__name__)

BEAT_SECONDS = 2.0
DELIVER_SECONDS = 0.4
MOST_TRIES = 3
MOST_NAMED = 3
VOICES = 8
"""Threads that are given their first word side by side."""
BEHIND = 5
"""Niceness of investigations: whoever listens and answers goes first where they share processors."""
# The clients that the first questions of every investigation need.
AT_ONCE = (
    "ecs",
    "autoscaling",
    "elbv2",
    "rds",
    "elasticache",
    "sqs",
    "lambda",
    "cloudwatch",
    "logs",
    "cloudtrail",
    "codedeploy",
    "codepipeline",
    "cloudformation",
    "amplify",
    "apprunner",
    "xray",
)

CLAUDE = ("anthropic", "anthropic.resources.messages")
CHAT = ("openai", "openai.resources.chat.completions")
"""Up to three seconds and 54 MB more, only where a model is configured."""
HEAVY = ("chromadb", "matplotlib.backends.backend_agg", "matplotlib.dates", "matplotlib.figure")
"""Two seconds of imports that no investigation is to wait for: made before the fork, shared by all jobs."""


@dataclass(frozen=True)
class Parts:
    """What the jobs of a worker share. Made before the fork, so nothing in it is connected yet."""

    settings: Settings
    ledger: Ledger
    queue: Queue
    publisher: Publisher
    gate: Gate
    reasoner: Reasoner
    embed: Embedder


def parts(settings: Settings) -> Parts:
    ledger, queue = wiring.ledger(settings), wiring.queue(settings)
    places, embed = wiring.reading(settings, Queue(settings.queue_url, patient=False)), Embedder()
    if places is not None:
        places.first.aws.warm(*AT_ONCE)
    return Parts(
        settings=settings,
        ledger=ledger,
        queue=queue,
        publisher=wiring.publisher(settings, ledger, queue),
        gate=wiring.investigating(places, Retriever(wiring.store(settings), embed)),
        reasoner=wiring.reasoner(settings, ledger),
        embed=embed,
    )


def run(settings: Settings, queue: Literal["investigate", "quick"]) -> None:
    """Entry of `runbook worker` and `runbook quick`: work off one queue until told to stop."""
    made = parts(settings)
    sdk = CHAT if settings.llm.provider == "openai" else CLAUDE
    for module in (*HEAVY, *(sdk if settings.llm.active and queue == "investigate" else ())):
        import_module(module)
    jobs: dict[str, Handlers] = {
        "investigate": {"investigate": lambda subject: investigate(made, subject)},
        "quick": {
            "deliver": lambda subject: deliver(made, subject),
            "sync": lambda _: _synced(made),
            "rosters": lambda _: rosters.refresh(made.ledger, wiring.outside(settings), wiring.now),
        },
    }
    name = {"investigate": "worker", "quick": "quick"}[queue]
    if queue == "investigate":
        wiring.identify(settings, "worker")
        _warm(made.embed)
        os.nice(BEHIND)
    serve(settings.queue_url, queue, jobs[queue], process=name)


def _warm(embed: Embedder) -> None:
    """Load the model once for all jobs; without it only the runbooks are missing, which each job says."""
    try:
        embed.load()
    except Unreachable as error:
        log.warning("%s %s", error, error.mend)


def deliver(made: Parts, investigation: str) -> None:
    """Say what is due in this thread, and a first word in every thread that still has none.

    A job costs more than a word does: of a crowd that comes at once, the first job answers all.
    """
    made.publisher.deliver(investigation)
    _first_words(made)


def _first_words(made: Parts) -> None:
    seen: set[str] = set()
    with ThreadPoolExecutor(VOICES) as pool:
        while silent := [one for one in made.ledger.unanswered() if one not in seen]:
            seen.update(silent)
            list(pool.map(made.publisher.deliver, silent))


def investigate(made: Parts, investigation: str) -> None:
    """Run an investigation as far as it goes now; returns at once when somebody else holds it."""
    runner = wiring.runner()
    if not made.ledger.claim(investigation, runner):
        return
    crash.here("claimed")
    with _beside(made, investigation, runner):
        try:
            _through(made, investigation, runner)
        except Fenced as error:
            log.warning("%s", error)


def _through(made: Parts, investigation: str, runner: str) -> None:
    """Until nothing is left to do: the journal may grow while we finish."""
    while True:
        case = made.ledger.load(investigation)
        if not case.over and made.ledger.tries(investigation) > MOST_TRIES:
            case = _written(made, case, _given_up(case), runner)
        elif not case.over:
            case = _worked(made, case, runner)
            crash.here("worked")
        if case.phase == "investigating":
            made.ledger.hand_back(investigation, runner)
            made.queue.put("investigate", investigation)
            made.ledger.queued(investigation)
            return
        if made.ledger.release(investigation, runner, case.seq):
            return


def _worked(made: Parts, case: Investigation, runner: str) -> Investigation:
    """Until its end; or, in a crowd, until its facts are known."""
    scope = access(made.settings).scope(case.incident, lambda group: made.ledger.members(group, wiring.now()))
    gate = made.gate.within(scope)
    if refused := _not_theirs(case, gate, scope):
        asker, channel = case.incident.requester, case.incident.thread.channel
        told = {"actor": asker.id if asker else "", "channel": channel, "why": refused.why}
        made.ledger.note({"event": "AskRefused", "investigation": case.id, **told})
        return _written(made, case, refused, runner)
    investigator = Investigator(
        case,
        made.reasoner,
        gate,
        policy(made.settings),
        wiring.budget(made.settings),
        wiring.now,
        lambda: _said_before(made, case),
        lambda: made.ledger.asked_since(wiring.now() - DAY),
        lambda word: made.ledger.meant(case.incident.thread, word),
    )
    before = case
    for event in investigator.run():
        before = investigator.case = _written(made, before, event, runner)
        if before.phase == "stopped" or (isinstance(event, FactsGathered) and _crowded(made)):
            break
    return before


def _not_theirs(case: Investigation, gate: Gate, scope: Scope | None) -> Failed | None:
    """The end of what its asker may not ask about, as the rules are now."""
    if scope is None or case.conclusion is not None:
        return None
    try:
        hidden = gate.hidden(case.incident.text) if scope.areas else ("anything",)
    except RunbookError as error:
        log.warning("what may not be asked about is not known: %s", error)  # then every call is refused
        return None
    if not hidden:
        return None
    why = f"Whoever asked may not ask about {', '.join(hidden[:MOST_NAMED])} here."
    return Failed(at=wiring.now(), what="The investigation", why=why, mend=MEND)


def _said_before(made: Parts, case: Investigation) -> tuple[Investigation, ...]:
    """What was asked earlier in the thread of a question, the oldest first: its incident, and the latest."""
    thread = case.incident.thread
    told = made.ledger.told_in(thread.team, thread.channel, thread.ts) if thread.ts else ()
    ids = [one.investigation for one in told]
    earlier = told[: ids.index(case.id)] if case.id in ids else ()
    incidents = [one for one in earlier if one.incident.question is None][-1:]
    kept = [one for one in earlier if one in incidents or one in earlier[-memory.MOST :]]
    return tuple(made.ledger.load(one.investigation) for one in kept)


def _crowded(made: Parts) -> bool:
    """Whether others wait: then they get their facts before this one goes on."""
    try:
        return made.queue.waiting("investigate") > 0
    except Unreachable:
        return False


def _written(made: Parts, before: Investigation, event: Event, runner: str) -> Investigation:
    """Write an event as the next step; what people did meanwhile comes before it, and Stop in place of it."""
    while True:
        after = before.apply(event)
        try:
            made.ledger.append(before.id, after.seq, event, posts(after, event), runner)
        except Conflict:
            newer = made.ledger.since(before.id, before.seq)
            if any(writer not in ("", runner) for _, writer in newer):
                raise Fenced(f"another run took over {before.id}") from None
            for outside, _ in newer:
                before = before.apply(outside)
            if before.phase == "stopped":
                return before
        else:
            return after


def _given_up(case: Investigation) -> Failed:
    asked = [query.call.why for query in case.pending()][:1]
    last = f", last while it asked {asked[0]}" if asked else ""
    return Failed(
        at=wiring.now(),
        what="The investigation",
        why=f"was started {MOST_TRIES} times and broke each time{last}.",
        mend=f"Mention me again to start anew; the worker's log has the reason, under {case.id}.",
    )


@contextmanager
def _beside(made: Parts, investigation: str, runner: str) -> Generator[None]:
    """While the work goes on: say that we live, and deliver what is to be said.

    Each on a thread of its own: a Slack that does not answer must not make us look dead.
    """
    beat = BEAT_SECONDS, lambda: made.ledger.beat(investigation, runner)
    say = DELIVER_SECONDS, lambda: made.publisher.deliver(investigation)
    try:
        with _meanwhile(beat, say):
            yield
    finally:
        _last_words(made, investigation)


@contextmanager
def _meanwhile(*chores: tuple[float, Callable[[], None]]) -> Generator[None]:
    """Each of these every so many seconds, on a thread of its own, until the end of the block."""
    stop = threading.Event()
    threads = [threading.Thread(target=_repeat, args=(*chore, stop), daemon=True) for chore in chores]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def _repeat(every: float, chore: Callable[[], None], stop: threading.Event) -> None:
    while not stop.wait(every):
        try:
            chore()
        except Unreachable as error:
            log.warning("%s", error)


def _last_words(made: Parts, investigation: str) -> None:
    try:
        made.publisher.deliver(investigation)
    except Unreachable as error:
        log.warning("what is left to say will be said by the clock: %s", error)


def _synced(made: Parts) -> None:
    """The documents may take minutes; whoever asks in between is answered all the same."""
    with _meanwhile((DELIVER_SECONDS, lambda: _first_words(made))):
        sync_documents(made)


def sync_documents(made: Parts) -> None:
    """Make the index hold what the configured folders hold."""
    store, sources = wiring.store(made.settings), wiring.sources(made.settings)
    for source in sources:
        try:
            report = sync(source, store, made.embed)
        except RunbookError as error:
            log.warning("documents of %s were not read: %s %s", source.name, error, error.mend)
            continue
        for unread in report.failed:
            log.warning("%s %s", unread.why, unread.mend)
        log.info(
            "%s: %d new, %d changed, %d gone",
            source.name,
            len(report.added),
            len(report.updated),
            len(report.removed),
        )
        crash.here("synced")
    try:
        prune(store, frozenset(source.name for source in sources))
    except RunbookError as error:
        log.warning("documents that are gone were not removed from the index: %s %s", error, error.mend)
