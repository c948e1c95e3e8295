"""Reads the arguments of a Web API call from wherever a client puts them: query, form, multipart or JSON."""

import json
from typing import Any

from aiohttp import web

from bot.sandbox.errors import SlackError

FALSE = {"0", "false", "no", "", "null"}


class Arguments:
    """The arguments of one call, by name.

    Each reader accepts both the form and the JSON spelling of a value.
    """

    def __init__(self, values: dict[str, Any]) -> None:
        self.values = {name: value for name, value in values.items() if value is not None}

    def has(self, name: str) -> bool:
        """Whether it was sent at all, be it empty."""
        return name in self.values

    def text(self, name: str, default: str = "") -> str:
        """A string; numbers are written out."""
        value = self.values.get(name, default)
        return value if isinstance(value, str) else json.dumps(value)

    def flag(self, name: str, default: bool = False) -> bool:
        """A boolean, also as `1`, `0`, `true`, `false`."""
        value = self.values.get(name, default)
        return value.lower() not in FALSE if isinstance(value, str) else bool(value)

    def number(self, name: str, default: int) -> int:
        """A whole number; raises `invalid_limit` for `limit`, else `invalid_arguments`."""
        try:
            return int(self.values.get(name, default))
        except (TypeError, ValueError):
            raise SlackError("invalid_limit" if name == "limit" else "invalid_arguments") from None

    def tree(self, name: str, wrong: str = "invalid_arguments") -> Any:
        """A JSON value, also as a string holding one; `None` when it was not sent. Raises `wrong`."""
        value = self.values.get(name)
        if not isinstance(value, str):
            return value
        if not value.strip():
            return None
        try:
            return json.loads(value)
        except ValueError:
            raise SlackError(wrong) from None

    def names(self, name: str) -> list[str]:
        """A comma-separated list, or a JSON array of strings."""
        value = self.values.get(name, "")
        items = value if isinstance(value, list) else self.text(name).split(",")
        return [item.strip() for item in map(str, items) if item.strip()]

    def required(self, name: str, code: str = "invalid_arguments") -> str:
        """A string that must not be empty."""
        value = self.text(name)
        if not value:
            raise SlackError(code, [f"missing required field: {name}"] if code == "invalid_arguments" else [])
        return value


async def read(request: web.Request) -> tuple[Arguments, str]:
    """The arguments and the token, which may be an argument or stand in the Authorization header."""
    values: dict[str, Any] = dict(request.query)
    values |= await _body(request)
    token = str(values.pop("token", "") or "")
    scheme, _, bearer = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer" and bearer.strip():
        token = bearer.strip()
    return Arguments(values), token


async def _body(request: web.Request) -> dict[str, Any]:
    if request.content_type == "application/json":
        return _json_object(await request.text())
    form = await request.post()
    return {name: value for name, value in form.items() if isinstance(value, str)}


def _json_object(text: str) -> dict[str, Any]:
    # SDKs send methods without parameters as JSON with an empty body.
    if not text.strip():
        return {}
    try:
        value = json.loads(text)
    except ValueError:
        raise SlackError("invalid_json") from None
    if not isinstance(value, dict):
        raise SlackError("json_not_object")
    return value
