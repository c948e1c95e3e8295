"""Partial answers: what one of several questions cannot see is a gap of the whole, and no failure of it."""

from collections.abc import Callable
from typing import TypeVar

from workers.domain.call import Gap
from workers.domain.errors import AccessDenied, RunbookError

Found = TypeVar("Found")


def guarded(what: str, ask: Callable[[], list[Found]], gaps: list[Gap], about: str = "") -> list[Found]:
    """What `ask` finds; nothing, and a gap named `what` about a resource, where it cannot be asked."""
    try:
        return ask()
    except RunbookError as error:
        permission = error.permission if isinstance(error, AccessDenied) else ""
        gaps.append(Gap(what=what, about=about, why=str(error), mend=error.mend, permission=permission))
        return []
