"""What a process writes about itself, in its log or as its last words, has no secret in it."""

import logging
import sys
import threading
import traceback
from types import TracebackType


def guard() -> None:
    """Send the log and every exception that nobody caught to stderr, without secrets.

    Before anything else of the process: libraries leave a log alone that has a handler, and the exceptions to
    whoever was there first.
    """
    handler = logging.StreamHandler()
    handler.setFormatter(_Hiding())
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    sys.excepthook = _last_words
    threading.excepthook = lambda ended: _last_words(
        ended.exc_type, ended.exc_value or ended.exc_type(), ended.exc_traceback
    )


def hushed(text: str) -> str:
    """The text without secrets; the rules cost 30 ms, which only who has something to say pays."""
    from workers.hiding import redacted

    return redacted(text)


class _Hiding(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return hushed(super().format(record))


def _last_words(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if not issubclass(kind, SystemExit):
        print(hushed("".join(traceback.format_exception(kind, error, trace))), end="", file=sys.stderr)
