"""Asking a service on the web that answers in JSON; its failures are those of any system we ask."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import httpx

from workers.domain.errors import AccessDenied, ToolFailed, Unreachable

SECONDS = 10.0
T = TypeVar("T")


class Web:
    """GETs below one address. No redirects: whoever answers must not send our key elsewhere."""

    def __init__(self, name: str, url: str, headers: Mapping[str, str]) -> None:
        self._name, self._url, self._headers = name, url.rstrip("/"), dict(headers)

    def get(self, path: str, asked: Mapping[str, str | int], read: Callable[[Any], T]) -> T:
        """What `read` finds in the answer's JSON; raises `Unreachable`, `AccessDenied` or `ToolFailed`."""
        try:
            answer = httpx.get(
                self._url + path,
                params=asked,
                headers=self._headers,
                timeout=SECONDS,
                follow_redirects=False,
            )
        except httpx.HTTPError as error:
            raise Unreachable(
                self._name, type(error).__name__, "Check its api_url and the network."
            ) from error
        if answer.status_code in (401, 403):
            raise AccessDenied(f"GET {path}", on=self._name)
        if answer.status_code != 200:
            throttled = answer.status_code == 429
            raise ToolFailed(f"{self._name} answered {answer.status_code} to {path}", throttled=throttled)
        try:
            return read(answer.json())
        except (ValueError, LookupError, TypeError) as error:
            raise ToolFailed(f"{self._name} answered {path} with something unreadable") from error
