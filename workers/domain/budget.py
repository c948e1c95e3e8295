"""How much one investigation may spend."""

from workers.domain.value import Value


class Budget(Value):
    """What may be spent before the best answer so far has to do.

    `tokens` and `dollars` are a model's: when they are spent, the rules go on. `metrics` are series fetched,
    `scanned` bytes of logs looked through: a question that would use more is refused, and others are asked.
    `pace` is how many calls a second one AWS account is asked, by everybody together.
    """

    iterations: int = 10
    seconds: int = 600
    queries: int = 120
    tokens: int = 100_000
    dollars: float = 1.0
    metrics: int = 20_000
    scanned: int = 5_000_000_000
    pace: int = 100
