"""How much one investigation may spend."""

from workers.domain.value import Value


class Budget(Value):
    """What may be spent before the best answer so far has to do.

    `tokens` and `dollars` are a model's: when they are spent, the rules go on.
    """

    iterations: int = 10
    seconds: int = 600
    queries: int = 120
    tokens: int = 100_000
    dollars: float = 1.0
