"""What a model's answers used."""

from workers.domain.value import Value


class Usage(Value):
    """Tokens: `input` read at full price, `output` written, and `cached` and `stored` by the prompt cache."""

    input: int = 0
    output: int = 0
    cached: int = 0
    stored: int = 0

    @property
    def tokens(self) -> int:
        return self.input + self.output + self.cached + self.stored

    def __add__(self, other: "Usage") -> "Usage":
        return Usage(
            input=self.input + other.input,
            output=self.output + other.output,
            cached=self.cached + other.cached,
            stored=self.stored + other.stored,
        )
