"""What an answer is made from: the case at this moment, the caller, and the parameters of one call."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from workers.sandbox.estate.lines import Lines
from workers.sandbox.estate.names import ACCOUNT, REGION, Names, digest
from workers.sandbox.estate.series import Series
from workers.sandbox.estate.world import World
from workers.sandbox.front.identity import Caller
from workers.sandbox.front.refusal import CloudError
from workers.sandbox.scenario.case import Case, Lag

Item = TypeVar("Item")
Result = dict[str, Any]


@dataclass(frozen=True)
class Playing:
    """The case that is being played, with its world."""

    case: Case
    world: World
    lines: Lines
    dropped: frozenset[str]
    """Series that the case goes without, as `part/metric`."""


@dataclass(frozen=True)
class Desk:
    """One call in the making."""

    playing: Playing
    caller: Caller
    params: Mapping[str, Any]
    now: float

    @property
    def world(self) -> World:
        """The world that is asked about."""
        return self.playing.world

    @property
    def lag(self) -> Lag:
        """How late things become visible."""
        return self.playing.case.wish.lags

    @property
    def names(self) -> Names:
        """What things are called."""
        return self.world.names

    def get(self, name: str, otherwise: Any = None) -> Any:
        """A parameter, or what holds without it."""
        value = self.params.get(name)
        return otherwise if value is None else value

    def arn(self, service: str, resource: str) -> str:
        """An ARN in the caller's account."""
        return f"arn:aws:{service}:{REGION}:{ACCOUNT}:{resource}"

    def window(self) -> tuple[float, float]:
        """The time that a DescribeEvents asks about: the last hour, unless it says otherwise."""
        end = self.get("EndTime", self.now)
        return self.get("StartTime", end - 60 * self.get("Duration", 60)), end

    def visible(self, series: Series) -> float:
        """Up to when the points of a series can be seen: whole minutes, but for high-resolution metrics."""
        if series.resolution < 60:
            return (self.now - self.lag.custom) // series.resolution * series.resolution
        return (self.now - self.lag.standard) // 60 * 60

    def page(
        self,
        items: Sequence[Item],
        size: int,
        token: str | None,
        code: str = "InvalidParameterValue",
        message: str = "The token is not valid.",
    ) -> tuple[Sequence[Item], str | None]:
        """One page of a list, and the token of the next; a token that was not given out is refused."""
        start = 0
        if token:
            offset, _, mark = token.partition(".")
            if not offset.isdigit() or mark != _mark(int(offset)):
                raise CloudError(code, message)
            start = int(offset)
        end = start + size
        return items[start:end], (f"{end}.{_mark(end)}" if end < len(items) else None)


Handler = Callable[[Desk], Result]


def _mark(offset: int) -> str:
    return digest("token", offset)[:40]


def trimmed(result: Mapping[str, Any]) -> Result:
    """Without the members that are None, which AWS leaves out."""
    return {name: value for name, value in result.items() if value is not None}
