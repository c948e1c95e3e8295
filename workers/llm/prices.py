"""What answers cost, in dollars; a price that is not known is not guessed."""

from collections.abc import Mapping

from workers.domain.usage import Usage
from workers.domain.value import Value


class Price(Value):
    """Dollars for a million tokens of each kind, as `Usage` names them."""

    input: float
    output: float
    cached: float
    stored: float


# https://platform.claude.com/docs/en/about-claude/pricing, November 2026; `stored` is the five-minute cache.
PRICES: Mapping[str, Price] = {
    "claude-sonnet-5-5": Price(input=2, output=10, cached=0.1, stored=2.5),
    "claude-sonnet-5": Price(input=2, output=10, cached=0.2, stored=2.5),
    "claude-opus-5-5": Price(input=4, output=20, cached=0.2, stored=5),
    "claude-opus-5": Price(input=5, output=25, cached=0.5, stored=6.25),
    "claude-haiku-4-5": Price(input=1, output=5, cached=0.1, stored=1.25),
}


def dollars(usage: Usage, price: Price | None) -> float | None:
    """What it cost; `None` where the price is not known."""
    if price is None:
        return None
    millions = (
        usage.input * price.input
        + usage.output * price.output
        + usage.cached * price.cached
        + usage.stored * price.stored
    )
    return round(millions / 1e6, 6)
