"""How a command that reads for a while ends: on wrong usage, on Ctrl-C at once, on a closed pipe."""

import os
import signal
import sys
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any, NoReturn

import typer
from typer.core import TyperCommand

CLOSED = 141
# What click raises for wrong usage; typer hands out only some of its kinds.
USAGE: type[Exception] = typer.BadParameter.__mro__[1]


class Reading(TyperCommand):
    """A command whose exit code 2 is a result, so that wrong usage has to be 1."""

    def make_context(self, *arguments: Any, **more: Any) -> Any:
        try:
            return super().make_context(*arguments, **more)
        except USAGE as error:
            error.exit_code = 1  # pyright: ignore[reportAttributeAccessIssue]  an attribute of click's
            raise


@contextmanager
def at_once() -> Generator[None]:
    """Where somebody stops it, do not wait for questions that are under way."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    except KeyboardInterrupt:
        leave(130)
    except BrokenPipeError:
        leave(CLOSED)


def leave(code: int) -> NoReturn:
    """End this process now; threads that wait for an answer would otherwise be waited for."""
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except BrokenPipeError:
        code = CLOSED
    os._exit(code)
