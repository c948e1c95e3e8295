"""What answers cost: each kind of token at its own price, and nothing guessed."""

from workers.domain.usage import Usage
from workers.llm.prices import PRICES, Price, dollars
from workers.settings import Settings

USAGE = Usage(input=1000, output=200, cached=4000, stored=500)


def test_each_kind_of_token_has_its_own_price() -> None:
    price = Price(input=2, output=10, cached=0.1, stored=2.5)

    assert dollars(USAGE, price) == 0.00565


def test_price_that_is_not_known_is_not_guessed() -> None:
    assert dollars(USAGE, None) is None


def test_price_of_the_usual_model_is_known() -> None:
    assert Settings().llm.model in PRICES


def test_usage_adds_up() -> None:
    twice = USAGE + USAGE

    assert twice == Usage(input=2000, output=400, cached=8000, stored=1000)
    assert twice.tokens == 11_400
