"""The only process that can change anything: one approved call, once, verified.

It takes an approval id and nothing else. Everything is looked up in the ledger and checked again:
the hash, the expiry, who said yes, and that the system is still as it was when they were asked. The
intent is on record before the call leaves; an answer that gets lost is found out by reading.
"""

import hashlib
import logging
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from workers import crash, wiring
from workers.agent import verifying
from workers.domain.approval import ApprovalState
from workers.domain.call import ToolCall, ToolResult
from workers.domain.errors import Fenced, OutcomeUnknown, Refused, RunbookError, Unreachable
from workers.domain.event import (
    ApprovalDecided,
    ChangeIntended,
    ChangeMade,
    ChangeUnknown,
    Event,
    Failed,
    QueryAnswered,
    QueryAsked,
    QueryFailed,
    Verified,
)
from workers.domain.evidence import CausalQuery
from workers.domain.value import Value
from workers.domain.window import ending
from workers.ledger import AlreadyDecided, Ledger
from workers.queue import Queue, serve
from workers.safety.gate import Gate
from workers.safety.policy import Policy, policy
from workers.safety.redeeming import Redeeming, state
from workers.settings import Settings
from workers.thread.posts import posts
from workers.tools import changes
from workers.tools.places import Places

log = logging.getLogger(__name__)

BEAT_SECONDS = 2.0


class Patience(Value):
    """How long to wait for a change to take effect and to help, in seconds."""

    rollout: float = 600.0
    look_every: float = 3.0
    read_every: float = 10.0
    reads: int = 3
    recovery: float = 240.0
    settle: float = 10.0


@dataclass(frozen=True)
class Hands:
    """What the executor works with: the record, eyes of its own, and the one client that can write."""

    ledger: Ledger
    queue: Queue
    gate: Gate
    places: Places
    policy: Policy
    patience: Patience


PATIENCE = Patience()


def run(settings: Settings, patience: Patience = PATIENCE) -> None:
    """Entry of `runbook executor`: work off approved changes until told to stop."""
    gate, places = wiring.verifying(settings)
    hands = Hands(
        ledger=wiring.ledger(settings),
        queue=wiring.queue(settings),
        gate=gate,
        places=places,
        policy=policy(settings),
        patience=patience,
    )
    wiring.identify(settings, "executor")
    serve(
        settings.queue_url,
        "execute",
        {"execute": lambda subject: execute(hands, subject)},
        process="executor",
    )


def execute(hands: Hands, approval_id: str) -> None:
    """See one approval through, from wherever it stands; returns at once when there is nothing to do."""
    runner = wiring.runner()
    if not hands.ledger.claim_approval(approval_id, runner):
        return
    crash.here("taken")
    with _alive(hands, approval_id, runner):
        try:
            _Execution(hands, approval_id, runner).through()
        except (AlreadyDecided, Fenced) as error:
            log.warning("%s", error)
            return
    hands.ledger.release_approval(approval_id, runner)


class _Execution:
    """One approval on its way: check, intend, make, reconcile, verify."""

    def __init__(self, hands: Hands, approval_id: str, runner: str) -> None:
        approval = hands.ledger.approval(approval_id)
        if approval is None:
            raise Refused(f"there is no approval {approval_id!r}")
        self._hands = hands
        self._runner = runner
        self._approval = approval
        self._case = hands.ledger.load(approval.investigation)

    def through(self) -> None:
        if self._approval.state is ApprovalState.APPROVED:
            self._make()
        elif self._approval.state is ApprovalState.REDEEMED:
            self._lost("the executor stopped after the call may have left")
        elif self._approval.state is ApprovalState.INDETERMINATE:
            self._reconcile()
        made = self._state in (ApprovalState.SUCCEEDED, ApprovalState.INDETERMINATE)
        if made and self._approval.id not in self._case.outcomes:
            self._verify()

    @property
    def _row(self) -> changes.ChangeRow:
        return changes.row_of(self._approval.call)

    @property
    def _state(self) -> ApprovalState:
        return self._case.approval(self._approval.id).state

    def _say(self, event: Event, *, wanted: bool = False) -> None:
        self._case = self._hands.ledger.record(
            self._approval.investigation, event, render=posts, wanted=wanted
        )
        try:
            self._hands.queue.put("deliver", self._approval.investigation)
            if wanted:
                self._hands.queue.put("investigate", self._approval.investigation)
        except Unreachable as error:
            log.warning("the clock will see to it: %s", error)

    # -- making it

    def _make(self) -> None:
        hands = self._hands
        redeeming = Redeeming(hands.ledger, hands.gate, hands.places, hands.policy, wiring.now)
        if objection := redeeming.objection(self._approval, self._case):
            self._revoke(objection)
            return
        call = self._approval.call
        self._say(ChangeIntended(at=wiring.now(), approval=self._approval.id, call=call))
        if not self._hands.ledger.beat_approval(self._approval.id, self._runner):
            raise Fenced(f"another executor took over {self._approval.id}; nothing was sent")
        try:
            aws = changes.place(hands.places, call).aws
            changes.make(aws, call, _token(self._approval.id))
        except OutcomeUnknown as error:
            self._lost(str(error))
        except RunbookError as error:
            self._refused(error)
        else:
            crash.here("made")
            self._made("AWS took the call")

    def _look(self) -> ToolResult:
        """Read the thing that the approval is about, as it is now."""
        return self._hands.gate.run(changes.reading(self._row, self._approval.call))

    def _revoke(self, reason: str) -> None:
        event = ApprovalDecided(
            at=wiring.now(), approval=self._approval.id, state=ApprovalState.REVOKED, reason=reason
        )
        self._say(event, wanted=True)

    def _refused(self, error: RunbookError) -> None:
        event = Failed(
            at=wiring.now(),
            what=self._approval.title,
            why=str(error),
            mend=error.mend,
            approval=self._approval.id,
        )
        self._say(event, wanted=True)

    def _made(self, how: str) -> None:
        self._say(ChangeMade(at=wiring.now(), approval=self._approval.id, state={"how": how}))

    def _lost(self, why: str) -> None:
        self._say(ChangeUnknown(at=wiring.now(), approval=self._approval.id, why=why))
        self._reconcile()

    def _reconcile(self) -> None:
        """Find out by reading whether a call with a lost answer had its effect; never send it again.

        Where no state tells (a reboot), nobody ever knows: the approval stays as it is, and that is said.
        """
        until = time.monotonic() + self._hands.patience.settle
        while True:
            now = state(self._look())
            effect = self._effect(now) if now is not None else False
            if effect:
                self._made("its answer was lost; reading shows that it took effect")
                return
            if effect is None:
                return
            if now is not None and time.monotonic() >= until:
                self._refused(Refused("the call had no effect: reading shows the state before", "Ask again."))
                return
            time.sleep(self._hands.patience.look_every)

    # -- did it help?

    def _verify(self) -> None:
        since = wiring.now()
        self._say(self._over() or self._recovered(since))

    def _over(self) -> Verified | None:
        """Wait until the change is in effect everywhere; a `Verified` that says it is not, else nothing."""
        begun, seen, shown = time.monotonic(), False, ""
        while (waited := time.monotonic() - begun) < self._hands.patience.rollout:
            result = self._look()
            now = state(result) or {}
            words = changes.progress(self._row, now)
            if words != shown:
                shown = words
                self._note(changes.reading(self._row, self._approval.call), words, result)
            effect = self._effect(now) if now else None
            if seen and effect is False:
                return self._verdict(False, f"somebody or something changed it again: {words}", None)
            seen = seen or effect is True
            # What no state shows has had its time to begin before "steady" means that it has ended.
            begins = effect is None and waited < self._hands.patience.settle
            if effect is not False and not begins and changes.steady(self._row, now):
                return None
            time.sleep(self._hands.patience.look_every)
        return self._verdict(False, f"the change was not over in time: {shown}", None)

    def _effect(self, now: changes.State) -> bool | None:
        return changes.in_effect(self._row, self._approval.call, self._approval.before, now)

    def _recovered(self, since: datetime) -> Verified:
        """Three healthy reads in a row, or the finding that they did not come."""
        watch, patience = self._approval.watch, self._hands.patience
        if watch is None:
            return self._verdict(False, "no signal is known by which a recovery would show", None)
        until = time.monotonic() + patience.recovery
        period, healthy = verifying.FINE, 0
        reading = verifying.Reading(value=None, healthy=False, at=None, finding="no point has come yet")
        last: datetime | None = None
        while time.monotonic() < until:
            call = verifying.question(watch, wiring.now(), period=period)
            result = self._hands.gate.run(call)
            if period == verifying.FINE and verifying.empty(result):
                period = verifying.COARSE
                continue
            reading = verifying.read(watch, result, since)
            if reading.at is not None and reading.at != last:
                last = reading.at
                healthy = healthy + 1 if reading.healthy else 0
                self._note(call, f"{reading.finding}, {healthy} of {patience.reads} healthy reads", result)
            if healthy >= patience.reads:
                return self._verdict(True, reading.finding, reading.value)
            time.sleep(patience.read_every if period == verifying.FINE else patience.read_every * 2)
        unknown = reading.at is None  # what has not come yet is no bad news
        so = "whether the change helped is not known" if unknown else "the change did not help"
        return self._verdict(False, f"{reading.finding}; {so}", reading.value)

    def _verdict(self, recovered: bool, finding: str, value: float | None) -> Verified:
        if self._state is ApprovalState.INDETERMINATE:
            unknown = "nothing that can be read tells whether the call had its effect"
            finding = f"{unknown}; {finding}. A second send: {self._row.again}"
        return Verified(
            at=wiring.now(), approval=self._approval.id, recovered=recovered, finding=finding, value=value
        )

    def _note(self, call: ToolCall, words: str, result: ToolResult) -> None:
        """Put a step of the verification on record, where the card shows it."""
        at = wiring.now()
        query = CausalQuery(
            id=f"v{len(self._case.queries) + 1}",
            approval=self._approval.id,
            role="verify",
            call=call.model_copy(update={"why": words}),
            window=ending(at, minutes=3),
        )
        answered = QueryAnswered if result.ok else QueryFailed
        self._hands.ledger.record(self._approval.investigation, QueryAsked(at=at, query=query))
        self._say(answered(at=at, query=query.id, result=result))


def _token(approval_id: str) -> str:
    """What makes a call that AWS gets twice the same one; the id itself is for nobody outside."""
    return hashlib.sha256(approval_id.encode()).hexdigest()[:32]


@contextmanager
def _alive(hands: Hands, approval_id: str, runner: str) -> Generator[None]:
    """Beat while the work goes on, so that nobody else takes it up."""
    stop = threading.Event()

    def beat() -> None:
        while not stop.wait(BEAT_SECONDS):
            try:
                hands.ledger.beat_approval(approval_id, runner)
            except Unreachable as error:
                log.warning("%s", error)

    thread = threading.Thread(target=beat, name="beat", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
