"""Claude through Anthropic's SDK: their API, a gateway that speaks it, Amazon Bedrock or Google's Vertex AI.

The SDK takes seconds and 50 MB to import, so only a process that asks a model does. Its own retries are
off: they would multiply with ours, and it waits up to ten minutes for an answer.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from tenacity import RetryCallState, Retrying, retry_if_exception, stop_after_attempt, stop_before_delay
from tenacity.wait import wait_exponential_jitter

from workers.domain.errors import ModelFailed
from workers.llm.provider import Prompt, Reply
from workers.llm.wire import Heard, request

if TYPE_CHECKING:
    from anthropic import APIStatusError

TRIES = 4
CONNECT_SECONDS = 5.0
PASSING = frozenset({408, 409, 500, 502, 503, 504, 529})
PASSING_TYPES = frozenset({"overloaded_error", "api_error", "rate_limit_error", "timeout_error"})
"""Errors inside a stream that had begun well, where the status says nothing any more."""
MENDS = {
    401: "Check llm.api_key.",
    402: "Its account has to be paid.",
    403: "Its key may not use this model.",
    404: "Check llm.model and llm.base_url.",
}

MEND = "Check the section llm of the configuration."

_backing_off = wait_exponential_jitter(multiplier=0.5, max=8, jitter=0.25)


class Claude:
    """`pause` is the longest silence within an answer, `patience` the time for all tries, both in seconds.

    `connect` makes the SDK's client; `direct`, `bedrock` and `vertex` below give one.
    """

    def __init__(
        self,
        model: str,
        connect: Callable[[float], Any],
        *,
        pause: float = 30.0,
        patience: float = 60.0,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.model = model
        self._connect = connect
        self._pause = pause
        self._patience = patience
        self._sleep = sleep

    def ask(self, prompt: Prompt) -> Reply:
        """The answer; tries again what may pass by itself, as long as its patience lasts."""
        deadline = time.monotonic() + self._patience
        tries = Retrying(
            retry=retry_if_exception(lambda error: isinstance(error, ModelFailed) and error.passing),
            wait=_waiting,
            stop=stop_after_attempt(TRIES) | stop_before_delay(self._patience),
            sleep=self._sleep,
            reraise=True,
        )
        return tries(self._once, prompt, deadline)

    def _once(self, prompt: Prompt, deadline: float) -> Reply:
        import anthropic
        import httpx2

        try:
            # A client a prompt: a kept connection would not survive the fork of a job.
            with (
                self._connect(self._pause) as client,
                client.messages.create(**self._request(prompt)) as events,
            ):
                return self._read(events, deadline)
        except ModelFailed:
            raise
        except anthropic.APIStatusError as error:
            raise _refused(error) from None
        except anthropic.APITimeoutError:
            raise ModelFailed(f"it said nothing for {self._pause:g} s", passing=True) from None
        except (anthropic.APIConnectionError, httpx2.TransportError) as error:
            cause = error.__cause__ or error
            raise ModelFailed(f"the connection broke ({type(cause).__name__})", passing=True) from None
        except ValueError:  # half a line of JSON, or none
            raise ModelFailed("its answer came damaged", passing=True) from None
        except Exception as error:  # noqa: BLE001  credentials and events of third parties fail in ways of their own
            said = str(error) if isinstance(error, anthropic.AnthropicError) else type(error).__name__
            raise ModelFailed(f"it could not be asked ({said[:200]})", MEND) from None

    def _request(self, prompt: Prompt) -> dict[str, Any]:
        from anthropic import transform_schema

        return request(self.model, prompt, transform_schema)

    def _read(self, events: Iterable[Any], deadline: float) -> Reply:
        heard = Heard(self.model)
        for event in events:
            if time.monotonic() > deadline:
                raise ModelFailed(f"it took longer than {self._patience:g} s")
            heard.event(event)
        if not heard.whole:
            raise ModelFailed("its answer broke off", passing=True)
        return heard.reply()


def direct(key: str, base_url: str) -> Callable[[float], Any]:
    """Anthropic's API, or a gateway that speaks it."""

    def connect(pause: float) -> Any:
        from anthropic import Anthropic

        return Anthropic(api_key=key, base_url=base_url, timeout=_timeout(pause), max_retries=0)

    return connect


def bedrock(
    region: str, keys: Callable[[], tuple[str, str, str | None]], base_url: str | None = None
) -> Callable[[float], Any]:
    """Amazon Bedrock. `keys` gives an access key, its secret, and a session token where there is one."""

    def connect(pause: float) -> Any:
        from anthropic.lib.bedrock import AnthropicBedrock

        key, secret, token = keys()
        return AnthropicBedrock(
            aws_region=region,
            aws_access_key=key,
            aws_secret_key=secret,
            aws_session_token=token,
            base_url=base_url,
            timeout=_timeout(pause),
            max_retries=0,
        )

    return connect


def vertex(region: str, project: str, base_url: str | None = None) -> Callable[[float], Any]:
    """Google's Vertex AI, with the credentials that the machine offers; needs the extra `vertex`."""

    def connect(pause: float) -> Any:
        from anthropic.lib.vertex import AnthropicVertex

        return AnthropicVertex(
            region=region, project_id=project, base_url=base_url, timeout=_timeout(pause), max_retries=0
        )

    return connect


def _timeout(pause: float) -> Any:
    import httpx2

    return httpx2.Timeout(pause, connect=min(pause, CONNECT_SECONDS))


def _waiting(state: RetryCallState) -> float:
    """As long as we were told to; else longer each time, and never all at the same moment."""
    error = state.outcome.exception() if state.outcome else None
    told = error.wait if isinstance(error, ModelFailed) else None
    return told if told is not None else _backing_off(state)


def _refused(error: APIStatusError) -> ModelFailed:
    status, headers = error.status_code, error.response.headers
    said = (error.api_message or error.type or "no reason given")[:200]
    message = f"it answered {status} ({said})" if status >= 400 else f"its answer broke off ({said})"
    if status == 413 or (status == 400 and "too long" in said):
        return ModelFailed(message, too_long=True)
    if headers.get("x-should-retry") == "false":
        return ModelFailed(message, MENDS.get(status, ""))
    if status == 429:
        # Where no time is named, a spending limit is reached, which no waiting lifts.
        wait = _seconds(headers.get("retry-after"))
        return ModelFailed(message, passing=wait is not None, wait=wait)
    passing = status in PASSING or status > 500 or (status < 400 and error.type in PASSING_TYPES)
    return ModelFailed(
        message, MENDS.get(status, ""), passing=passing, wait=_seconds(headers.get("retry-after"))
    )


def _seconds(said: str | None) -> float | None:
    try:
        return max(0.0, float(said)) if said is not None else None
    except ValueError:
        return None
