"""How much harm a call can do; declared with the action, never decided by a model."""

from enum import IntEnum


class Risk(IntEnum):
    """Ordered: a comparison reads as it should (`Risk.LOW < Risk.HIGH`)."""

    READ = 0
    LOW = 1
    HIGH = 2
    CRITICAL = 3

    @property
    def word(self) -> str:
        return self.name.lower()

    def raised(self) -> "Risk":
        """One step up, as in environments marked production; a read stays a read."""
        return self if self is Risk.READ else Risk(min(self + 1, Risk.CRITICAL))
