"""Programs that need each other: started tier by tier, each waited for, watched, and stopped in reverse."""

import contextlib
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bot.cli.supervisord import CannotStart, Program, State, Supervisord, Tier, tail
from workers.domain.errors import RunbookError

Say = Callable[[str], None]

POLL_SECONDS = 0.05
REMIND_SECONDS = 60


@dataclass
class _Down:
    """Since when a program is not what it was, when that was last said, and when we start it ourselves."""

    since: float
    said: float
    due: float = 0


@dataclass
class _Short:
    """How often in a row a program ended before it was steady, and when it last did."""

    times: int = 0
    ended: int = 0


class Crew:
    """The programs of an open supervisord. `eager` ones start first, are awaited before the last tier,
    and stop last."""

    def __init__(self, supervisord: Supervisord, tiers: Sequence[Tier], eager: Tier, say: Say) -> None:
        self._supervisord, self._tiers, self._eager, self._say = supervisord, tiers, eager, say
        self._programs = {program.name: program for tier in (eager, *tiers) for program in tier}
        self._pids: dict[str, int] = {}
        self._begun: dict[str, float] = {}
        self._down: dict[str, _Down] = {}
        self._short: dict[str, _Short] = {}

    def start(self, between: Callable[[], None]) -> None:
        """Start all; `between` is called once after the eager ones were begun. Raises `CannotStart`."""
        self._begin(self._eager)
        between()
        for tier in self._tiers[:-1]:
            self._begin(tier)
            self._await(tier)
        self._await(self._eager)
        for tier in self._tiers[-1:]:
            self._begin(tier)
            self._await(tier)

    def look(self) -> None:
        """Say what died since the last look, and what is back."""
        for name, state in self._supervisord.states().items():
            program = self._programs[name]
            if program.once:
                continue
            short = self._short.setdefault(name, _Short())
            if state.word == "RUNNING":
                short.times = 0
            elif state.word in ("BACKOFF", "FATAL") and state.ended != short.ended:
                short.times, short.ended = short.times + 1, state.ended
                self._died(program, short)
            elif name not in self._down and (not state.up or state.pid != self._pids[name]):
                self._died(program, short)
            if name in self._down:
                self._look_again(program, state)

    def stop(self) -> None:
        """Stop all, the last tier first, and say so. If supervisord is gone, so are they."""
        with contextlib.suppress(RunbookError):
            for tier in (*reversed(self._tiers), self._eager):
                self._stop(tier)

    def _begin(self, tier: Tier) -> None:
        for program in tier:
            self._supervisord.start(program.name)
            self._begun[program.name] = time.monotonic()

    def _await(self, tier: Tier) -> None:
        """Wait for `tier`. Others that were begun may become ready, or fail, meanwhile."""
        names = {program.name for program in tier}
        while names & self._begun.keys():
            states = self._supervisord.states()
            for name, since in list(self._begun.items()):
                program, waited = self._programs[name], time.monotonic() - since
                if self._ready(program, states[name], waited):
                    word = "done" if program.once else "ready"
                    self._say(f"  {name:<9} {word:<5} {waited:5.1f} s  {program.note}".rstrip())
                    del self._begun[name]
            time.sleep(POLL_SECONDS)

    def _ready(self, program: Program, state: State, waited: float) -> bool:
        if program.once and state.word == "EXITED" and state.code == 0:
            return True
        first = self._pids.setdefault(program.name, state.pid)
        if not state.up or state.pid != first:
            what = "failed" if program.once else "stopped before it was ready"
            raise self._failed(program, f"it {what} ({self._supervisord.ending(program.name)})")
        if not program.once and (program.ready is None or program.ready(state.pid)):
            return True
        if waited > program.patience:
            raise self._failed(program, f"it was not ready within {program.patience:g} s")
        return False

    def _failed(self, program: Program, why: str) -> CannotStart:
        log = self._supervisord.log(program.name)
        text = f"{program.name} could not start: {why}. Its log ends:\n{tail(log)}"
        return CannotStart(text, f"The whole log: {log}")

    def _died(self, program: Program, short: _Short) -> None:
        now = time.monotonic()
        pause = min(short.times, self._supervisord.longest)
        down = self._down.setdefault(program.name, _Down(now, now))
        down.due = now + pause
        when = f" in {pause} s" if pause else ""
        ending = self._supervisord.ending(program.name)
        self._say(f"  {program.name:<9} died ({ending}); starting it again{when}")

    def _look_again(self, program: Program, state: State) -> None:
        down, now, name = self._down[program.name], time.monotonic(), program.name
        if state.word == "FATAL" and now >= down.due:  # supervisord gave up; we do not
            self._supervisord.start(name)
        if state.up and (program.ready is None or program.ready(state.pid)):
            self._pids[name] = state.pid
            del self._down[name]
            self._say(f"  {name:<9} is back after {now - down.since:.1f} s")
        elif now - down.said > REMIND_SECONDS:
            down.said = now
            last = tail(self._supervisord.log(name), 1).strip()
            self._say(f"  {name:<9} is down since {now - down.since:.0f} s; its log ends: {last}")

    def _stop(self, tier: Tier) -> None:
        began, states = time.monotonic(), self._supervisord.states()
        left = [program.name for program in tier if states[program.name].wanted]
        for name in left:
            self._supervisord.stop(name)
        while left:
            states = self._supervisord.states()
            for name in [name for name in left if states[name].pid == 0]:
                left.remove(name)
                self._say(f"  {name:<9} stopped {time.monotonic() - began:4.1f} s")
            time.sleep(POLL_SECONDS / 2)
