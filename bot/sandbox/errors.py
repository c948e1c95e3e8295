"""How a Web API call is refused. Codes are Slack's own."""

from collections.abc import Sequence
from typing import Any


class SlackError(Exception):
    """Answered as `{"ok": false, "error": code, …}` with HTTP 200, as Slack does."""

    def __init__(self, code: str, problems: Sequence[str] = (), **extra: Any) -> None:
        super().__init__(code)
        self.code = code
        self.problems = list(problems)
        self.extra = extra

    def body(self) -> dict[str, Any]:
        """The JSON answer; block problems stand in `errors` and again in `response_metadata.messages`."""
        body: dict[str, Any] = {"ok": False, "error": self.code, **self.extra}
        if self.problems:
            body["errors"] = self.problems
            body["response_metadata"] = {"messages": [f"[ERROR] {problem}" for problem in self.problems]}
        return body


class RateLimited(Exception):
    """Answered with HTTP 429 and `Retry-After`."""

    def __init__(self, retry_after: int) -> None:
        super().__init__(f"retry after {retry_after} s")
        self.retry_after = retry_after


class PageError(Exception):
    """A person tried something the page cannot do; answered with HTTP 400 and a sentence."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code
        self.sentence = sentence
