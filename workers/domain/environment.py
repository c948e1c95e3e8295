"""What people call environments."""

ALIKE = (
    ("prod", "production", "prd", "live"),
    ("staging", "stage", "stg", "preprod"),
    ("test", "testing", "qa"),
    ("dev", "development"),
)
"""Words for the same, the one that stands for them first."""
ENVIRONMENT = "environment"
"""The attribute of a resource that says of which it is, where anything does."""


def called(word: str) -> str:
    """The word for an environment, whichever of those alike people use."""
    plain = word.strip().lower()
    return next((some[0] for some in ALIKE if plain in some), plain)
