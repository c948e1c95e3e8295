"""A stretch of time with an end: every query carries one."""

from datetime import UTC, datetime, timedelta

from pydantic import AwareDatetime, model_validator

from workers.domain.value import Value


class Window(Value):
    """From `start` (included) to `end` (excluded), both with a zone."""

    start: AwareDatetime
    end: AwareDatetime

    @model_validator(mode="after")
    def _ordered(self) -> "Window":
        if self.end <= self.start:
            raise ValueError(f"a window must end after it starts: {self.start} to {self.end}")
        return self

    @property
    def seconds(self) -> float:
        return (self.end - self.start).total_seconds()

    def holds(self, moment: datetime) -> bool:
        return self.start <= moment < self.end

    def shifted(self, by: timedelta) -> "Window":
        return Window(start=self.start + by, end=self.end + by)


def ending(at: datetime, *, minutes: float) -> Window:
    """The `minutes` before `at`."""
    return Window(start=at - timedelta(minutes=minutes), end=at)


def from_epoch(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
