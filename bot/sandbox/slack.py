"""The parts of the stand-in, put together once at the start and handed to whoever needs them."""

import asyncio
import traceback
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import Any

from bot.sandbox.calls import CallLog
from bot.sandbox.clock import Clock
from bot.sandbox.faults import Faults
from bot.sandbox.files import Files
from bot.sandbox.ids import Ids
from bot.sandbox.limits import Limits
from bot.sandbox.live import Live
from bot.sandbox.manifest import Manifest
from bot.sandbox.responses import ResponseUrls
from bot.sandbox.sockets import Sockets
from bot.sandbox.triggers import Triggers
from bot.sandbox.workspace import Workspace


@dataclass
class Slack:
    """One running workspace with one app installed. `origin` is the address it is served on.

    `cloud` is that of the local cloud, `crew` that of who can end the app's processes; empty without one.
    """

    manifest: Manifest
    clock: Clock
    ids: Ids
    workspace: Workspace
    live: Live
    sockets: Sockets
    calls: CallLog
    files: Files
    triggers: Triggers
    responses: ResponseUrls
    limits: Limits
    faults: Faults
    origin: str = ""
    cloud: str = ""
    crew: str = ""
    _tasks: set[asyncio.Task[Any]] = field(default_factory=set)

    def later(self, work: Coroutine[Any, Any, Any]) -> None:
        """Run something in the background, and keep hold of it until it is done."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def stop(self) -> None:
        """Drop what still runs in the background."""
        for task in self._tasks:
            task.cancel()

    def reset(self) -> None:
        """Begin anew: the workspace as it was at the start, no faults, no log. Only the clock goes on."""
        self.stop()
        self.workspace = Workspace(self.ids, self.clock.now())
        self.files = Files(self.clock, self.ids, self.origin)
        self.responses = ResponseUrls(self.clock, self.ids, self.origin)
        self.triggers = Triggers(self.clock, self.ids)
        self.limits = Limits(self.clock)
        self.faults = Faults()
        self.calls.rows.clear()
        self.live.tell("reset")

    def _done(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()):
            traceback.print_exception(error)
