"""The base of every domain type: frozen, strict about unknown fields, compared by value."""

from pydantic import BaseModel, ConfigDict


class Value(BaseModel):
    """A frozen value; change means `value.model_copy(update=…)`. Unknown fields are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="constants")
