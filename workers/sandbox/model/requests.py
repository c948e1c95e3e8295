"""What happens to the requests that a group of tasks works on: own work, calls, time-outs, retries, failures.

Requests are samples: each draws its route, its own work and the outcomes of its calls, so that time-outs and
slow tails travel up the graph as they do in production, and every percentile is that of its samples.
"""

from dataclasses import dataclass, field
from zlib import crc32

import numpy as np
from numpy.random import Generator

from workers.sandbox.model.demand import chance_at, wobble
from workers.sandbox.model.queueing import Floats, advance_line, chance_wait
from workers.sandbox.model.scene import Group, Key, Scene, State
from workers.sandbox.model.spec import Edge
from workers.sandbox.model.stores import ERROR, REFUSED, SAMPLES, Outcomes, chance, lognormal
from workers.sandbox.model.wire import over_bad_wire
from workers.sandbox.model.work import (
    Codes,
    Mask,
    Mix,
    Reasons,
    Samples,
    Work,
    add,
    call_table,
    concerned,
    cut_off,
    damp,
    mean_of,
)

RETRY_PAUSE = 0.05
LENGTHY_SECONDS = 1.0
"""What a database logs as slow."""
REFUSALS = {
    "rotated": 0.03,
    "expired": 0.02,
    "denied": 0.04,
    "throttled": 0.01,
    "full": 0.008,
    "unreached": 30,
    "down": 0.02,
    "stale": 0.01,
}
"""What may end a call before it is worked on, and after how many seconds: conditions of the caller."""
HICCUP_SECONDS, HICCUP_CHANCE = 20.0, 0.012
_PERMUTATIONS = np.array([np.random.default_rng(n).permutation(SAMPLES) for n in range(64)])


@dataclass
class Step:
    """One step of the engine while it is being computed; `rows` steps may be computed together."""

    rng: Generator
    times: Floats
    dt: float
    seed: int
    scene: Scene
    state: State
    reasons: Reasons
    outcomes: dict[str, Outcomes] = field(default_factory=dict)

    @property
    def rows(self) -> int:
        """How many steps are computed together."""
        return len(self.times)

    def salt(self, part: str) -> int:
        """A seed of a part's own."""
        return self.seed + crc32(part.encode()) % 100_003

    def perform(self, service: str, group: Group, served: Floats, busy: Floats) -> Work:
        """Work on a group's requests; `busy` is the factor by which its processors slow it."""
        work = self._begin(service, group, served, busy)
        calls = call_table(group)
        for column, dependency in enumerate(group.behaviour.edges):
            counts = calls[:, column][work.routes]
            if (calls[:, column] % 1).any():
                counts = np.floor(counts + chance(self.rng, self.rows))
            self._call(work, dependency, counts)
        if group.behaviour.service.runs_on == "lambda":
            codes = self.reasons.code("overtime"), self.reasons.code("killed")
            cut_off(work, *codes, chance(self.rng, self.rows) if group.broken else None)
        self._remember(work)
        return work

    def _begin(self, service: str, group: Group, served: Floats, busy: Floats) -> Work:
        spec, code = group.behaviour.service, group.behaviour.code
        shares = np.array([self.mix(service)(route.path, route.share) for route in spec.routes])
        marks = (np.arange(SAMPLES) + self.rng.random()) / SAMPLES
        routes = np.searchsorted(np.cumsum(shares)[:-1] / shares.sum(), marks)
        routes = np.broadcast_to(routes[_PERMUTATIONS[0]], (self.rows, SAMPLES))
        drift = wobble(self.times, self.salt(service), 0.012)
        seconds = lognormal(
            self.rng, self.rows, spec.own_ms / 1000 * busy * group.squeeze * drift, spec.spread
        )
        self._hiccup(service, seconds)
        touched = concerned(group)[routes]
        if code.slower != 1:
            seconds[touched] *= code.slower
        alive = np.ones((self.rows, SAMPLES), bool)
        work = Work(service, group, served, routes, seconds, alive, np.zeros(alive.shape, np.int16))
        if ailing := self.scene.ailing.get(service):
            work.apart = chance(self.rng, self.rows) < ailing.share
        if code.raises:
            work.fail(touched & (chance(self.rng, self.rows) < code.raises), self.reasons.code("raised"))
        return work

    def _hiccup(self, service: str, seconds: Samples) -> None:
        """Once in a while some tasks pause for a moment, for reasons nobody ever looks into."""
        bad = chance_at(self.times, self.salt(service), HICCUP_SECONDS) < HICCUP_CHANCE
        if bad.any():
            paused = bad[:, None] & (chance(self.rng, self.rows) < 0.02)
            seconds += np.where(paused, np.float32(0.12) + 0.3 * chance(self.rng, self.rows), 0)

    def mix(self, service: str) -> Mix:
        """How the requests of a service are spread over its routes in this step."""
        return lambda path, share: share * self.scene.condition(service, f"route {path}", 1.0)

    def _call(self, work: Work, dependency: str, counts: Samples) -> None:
        """Make each request's calls to one dependency, over one connection if it is pooled."""
        edge = work.group.behaviour.edges[dependency]
        counts = np.where(work.alive, counts, 0)
        if edge.pool is not None:
            self._pooled(work, dependency, edge, counts)
        elif edge.hits is not None:
            self._look_up(work, dependency, edge, counts)
        else:
            for nth in range(int(counts.max(initial=0))):
                self._attempts(work, dependency, edge, work.alive & (counts > nth))

    def _look_up(self, work: Work, dependency: str, edge: Edge, counts: Samples) -> None:
        """Ask a cache for several keys; what it does not hold is read from behind it."""
        seconds, codes = self._once(work, dependency, edge)
        work.seconds += seconds * counts.astype(np.float32)
        hits = (edge.hits or 0) * self.scene.condition(dependency, "keeps", 1.0)
        missed = self.rng.binomial(counts.astype(np.int64), 1 - hits)
        heard = missed
        if codes is not None:
            heard, missed = missed * (codes == 0), np.where(codes > 0, counts, missed)
        add(work.made, dependency, self._arriving(work, dependency, counts))
        # What got lost on a bad network is no miss to the cache.
        add(work.missed, dependency, missed if work.apart is None else heard)
        if edge.on_miss:
            self._pooled(work, edge.on_miss, work.group.behaviour.edges[edge.on_miss], missed)

    def _attempts(self, work: Work, dependency: str, edge: Edge, mask: Mask) -> Mask:
        """Call with retries; gives back who got an answer, and fails the others unless it is optional."""
        pending, codes = mask, None
        for attempt in range(int(edge.retries) + 1):
            add(work.made, dependency, self._arriving(work, dependency, pending))
            seconds, codes = self._once(work, dependency, edge)
            work.seconds += np.where(pending, seconds + np.float32(RETRY_PAUSE * attempt), 0)
            if codes is None:
                return mask
            pending = pending & (codes > 0)
            if not pending.any():
                return mask
        if not edge.optional and codes is not None:
            work.fail(pending, codes)
        return mask & ~pending

    def _once(self, work: Work, dependency: str, edge: Edge) -> tuple[Samples, Codes | None]:
        """One call of every request: seconds until its end, and why it failed if any did."""
        seconds, codes = self._answered(work, dependency, edge)
        for word, lasts in REFUSALS.items():
            share = self._refused(work, dependency, word)
            if share is not None:
                met = chance(self.rng, self.rows) < share
                seconds = np.where(met, np.float32(min(lasts, edge.timeout_ms / 1000)), seconds)
                code = self.reasons.code(f"{word} {dependency}")
                codes = np.where(met, code, 0 if codes is None else codes).astype(np.int16)
        if work.apart is not None:
            share, patience = self.scene.ailing[work.service].lost, edge.timeout_ms / 1000
            seconds, lost = over_bad_wire(self.rng, work.apart, share, seconds, patience)
            code = self.reasons.code(f"cut {dependency}")
            codes = np.where(lost, code, 0 if codes is None else codes).astype(np.int16)
        return seconds, codes

    def _refused(self, work: Work, dependency: str, word: str) -> Samples | float | None:
        """The share of calls that is refused for a reason, if any is; of a ceiling, what goes beyond it."""
        ceiling = self.scene.condition(work.service, f"ceiling {dependency}") if word == "throttled" else 0.0
        if not ceiling:
            return self.scene.condition(work.service, f"{word} {dependency}") or None
        whole = sum(group.tasks for group in self.scene.groups[work.service])
        key: Key = (work.service, work.group.revision, dependency)
        # A second try is one more call to whoever counts them.
        asked = work.served * self.state.made.get(key, self.state.expected[key[:2]][dependency])
        mine = ceiling * work.group.tasks / max(whole, 1e-9)
        beyond = np.clip(1 - mine / np.maximum(asked, 1e-9), 0, 1)
        return beyond[:, None] if beyond.any() else None

    def _arriving(self, work: Work, dependency: str, counts: Samples) -> Samples:
        share = self.scene.arriving(work.service, dependency)
        return counts if share == 1 else counts * share

    def _answered(self, work: Work, dependency: str, edge: Edge) -> tuple[Samples, Codes | None]:
        outcome, cost = self.outcomes[dependency], self.scene.cost(work.service, dependency, edge)
        order = _PERMUTATIONS[self.rng.integers(len(_PERMUTATIONS))]
        seconds, patience = (
            outcome.seconds[:, order] * np.float32(cost),
            np.float32(edge.timeout_ms / 1000),
        )
        if outcome.queued is not None:
            seconds += outcome.queued[:, None].astype(np.float32)
        late = seconds > patience
        if outcome.failed is None and not late.any():
            return seconds, None
        codes = np.where(late, self.reasons.code(f"timeout {dependency}"), 0).astype(np.int16)
        if outcome.failed is not None:
            for kind, word in ((ERROR, "error"), (REFUSED, "refused")):
                codes[outcome.failed[:, order] == kind] = self.reasons.code(f"{word} {dependency}")
        return np.minimum(seconds, patience), codes

    def _pooled(self, work: Work, dependency: str, edge: Edge, counts: Samples) -> None:
        """Run each request's statements on one connection, waiting for that first."""
        mask = counts > 0
        add(work.taken, dependency, mask)
        seconds, codes = self._statements(work, dependency, edge, counts)
        wait, given_up = self._connection(work, dependency, edge, mask, seconds)
        if given_up is not None:
            seconds = np.where(given_up, 0, seconds)
            codes = np.where(given_up, self.reasons.code(f"pool {dependency}"), 0 if codes is None else codes)
            counts = np.where(given_up, 0, counts)
        add(work.made, dependency, self._arriving(work, dependency, counts))
        work.seconds += np.where(mask, wait + seconds, 0)
        if codes is not None:
            work.fail(mask & (codes > 0), codes)

    def _statements(
        self, work: Work, dependency: str, edge: Edge, counts: Samples
    ) -> tuple[Samples, Codes | None]:
        total = np.zeros(counts.shape, np.float32)
        failed: Codes | None = None
        for nth in range(int(counts.max(initial=0))):
            seconds, codes = self._once(work, dependency, edge)
            seconds, codes = self._blocked(work, dependency, edge, seconds, codes)
            mask = counts > nth
            total += np.where(mask, seconds, 0)
            if self.scene.condition(work.service, f"costs {dependency}"):
                add(work.lengthy, dependency, mask & (seconds > LENGTHY_SECONDS))
            if codes is not None:
                failed = np.where(mask, codes, 0 if failed is None else failed)
        return total, failed

    def _blocked(
        self, work: Work, dependency: str, edge: Edge, seconds: Samples, codes: Codes | None
    ) -> tuple[Samples, Codes | None]:
        """Statements that meet a lock wait for it, or until their time-out."""
        share = self.scene.condition(dependency, f"blocks {work.service}")
        if not share:
            return seconds, codes
        held = chance(self.rng, self.rows) < share
        lasts = self.scene.condition(dependency, "lock seconds", 30.0) * chance(self.rng, self.rows)
        seconds, patience = np.where(held, seconds + lasts, seconds), np.float32(edge.timeout_ms / 1000)
        add(work.blocked, dependency, held)
        late = seconds > patience
        codes = np.where(late, self.reasons.code(f"timeout {dependency}"), 0 if codes is None else codes)
        return np.minimum(seconds, patience), codes

    def _connection(
        self, work: Work, dependency: str, edge: Edge, mask: Mask, seconds: Samples
    ) -> tuple[Samples | float, Mask | None]:
        """Samples of the wait for a connection of the pool, and who gave up waiting if anybody did."""
        key: Key = (work.service, work.group.revision, dependency)
        hold = mean_of(seconds, mask & work.usual, self.state.query.get(key))
        taken = self.state.taken.get(key, work.taken[dependency])
        size = int(edge.pool or 1) * (1 - self.scene.condition(dependency, "taken"))
        patience, places = edge.pool_wait_ms / 1000, max(work.group.tasks, 0.05) * size
        rate = places / (0.5 * hold + 0.5 * self.state.query.get(key, hold))
        before = self.state.pool_waiting.get(key, np.zeros(self.rows))
        line = advance_line(before, work.served * taken, rate, rate * patience, self.dt)
        self.state.pool_waiting[key] = line.waiting
        damp(self.state.query, key, hold)
        wait = self.waits(line.waiting / rate, line.served / rate, places, hold)
        refused = line.refused / np.maximum(work.served * taken, 1e-9)
        if isinstance(wait, (int, float)) or (not refused.any() and wait.max(initial=0) <= patience):
            return wait, None
        given_up = (wait > patience) | (chance(self.rng, self.rows) < refused[:, None])
        return np.minimum(wait, np.float32(patience)), given_up

    def waits(self, queued: Floats, load: Floats, places: float, hold: Floats) -> Samples | float:
        """Samples of a wait: what the line adds to everybody, and what chance adds to some."""
        if not queued.any() and load.max(initial=0) ** np.sqrt(max(places, 1)) < 0.002:
            return 0.0
        likely, mean = chance_wait(load, places, hold)
        unlucky = chance(self.rng, self.rows) < likely[:, None]
        lengths = self.rng.standard_exponential((self.rows, SAMPLES), dtype=np.float32)
        # Each task has a line of its own, and they are not equally long.
        line = queued[:, None] * (0.4 + 1.2 * chance(self.rng, self.rows))
        return (line + np.where(unlucky, lengths * mean[:, None], 0)).astype(np.float32)

    def _remember(self, work: Work) -> None:
        """Keep what the next step's load follows from, damped: a step sees only what the last one did."""
        name, revision, state = work.service, work.group.revision, self.state
        for dependency in work.group.behaviour.edges:
            key = (name, revision, dependency)
            damp(state.made, key, work.made.get(dependency, np.zeros(self.rows)))
            if dependency in work.taken:
                damp(state.taken, key, work.taken[dependency])
        mean = work.seconds.mean(axis=1, dtype=np.float64)
        if work.apart is not None:
            mean = mean_of(work.seconds, work.usual, None)
        damp(state.hold, (name, revision), mean)
