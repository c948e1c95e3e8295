"""A model behind an SDK: its tries, its time, and what its failures mean, the same whoever serves it."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol
from urllib.parse import urlsplit

from tenacity import RetryCallState, Retrying, retry_if_exception, stop_after_attempt, stop_before_delay
from tenacity.wait import wait_exponential_jitter

from workers.domain.errors import ModelFailed
from workers.llm.provider import Prompt, Reply

TRIES = 4
CONNECT_SECONDS = 5.0
PASSING = frozenset({408, 409, 500, 502, 503, 504, 529})
MENDS = {
    401: "Check llm.api_key.",
    402: "Its account has to be paid.",
    403: "Its key may not use this model.",
    404: "Check llm.model and llm.base_url.",
}

MEND = "Check the section llm of the configuration."

_backing_off = wait_exponential_jitter(multiplier=0.5, max=8, jitter=0.25)


@dataclass(frozen=True)
class Host:
    """Who serves a model. `connect` makes the SDK's client, given the longest silence in seconds.

    `mends` says by status what to do. `unnamed` is whether a 429 passes that names no time to wait.
    """

    served: str
    connect: Callable[[float], Any]
    mends: Mapping[int, str] = field(default_factory=lambda: MENDS)
    unnamed: bool = True


def hostname(base_url: str) -> str:
    """The host of an address, without a name or password that may stand in it."""
    return urlsplit(base_url).hostname or base_url


Verdict = Literal["", "lasting", "too long"]
"""What a refusal says beyond its status: that no waiting mends it, or that the prompt is too long."""


class Hearing(Protocol):
    """A streamed answer that is being put together."""

    @property
    def whole(self) -> bool: ...

    def event(self, event: Any) -> None: ...

    def reply(self) -> Reply: ...


class Hosted(ABC):
    """Speaks the Provider protocol. `pause` is the longest silence within an answer, `patience` the time for
    all tries, both in seconds.
    """

    def __init__(
        self,
        model: str,
        host: Host,
        *,
        pause: float = 30.0,
        patience: float = 60.0,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.model = model
        self.served = host.served
        self._host = host
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

    @abstractmethod
    def _sdk(self) -> Any:
        """The SDK's module, imported when it is needed."""

    @abstractmethod
    def _asked(self, client: Any, prompt: Prompt) -> AbstractContextManager[Iterable[Any]]:
        """The stream of events that answers a prompt."""

    @abstractmethod
    def _hearing(self, prompt: Prompt) -> Hearing: ...

    @abstractmethod
    def _verdict(self, error: Any, status: int, said: str) -> Verdict:
        """What to make of an error of the SDK's; `status` is below 400 in a stream that had begun well."""

    def _once(self, prompt: Prompt, deadline: float) -> Reply:
        import httpx2

        sdk = self._sdk()
        try:
            # A client a prompt: a kept connection would not survive the fork of a job.
            with self._host.connect(self._pause) as client, self._asked(client, prompt) as events:
                return self._read(events, prompt, deadline)
        except ModelFailed:
            raise
        except sdk.APITimeoutError:
            raise ModelFailed(f"it said nothing for {self._pause:g} s", passing=True) from None
        except (sdk.APIConnectionError, httpx2.TransportError) as error:
            cause = error.__cause__ or error
            raise ModelFailed(f"the connection broke ({type(cause).__name__})", passing=True) from None
        except sdk.APIError as error:
            raise self._refused(error) from None
        except ValueError:  # half a line of JSON, or none
            raise ModelFailed("its answer came damaged", passing=True) from None
        except Exception as error:  # noqa: BLE001  credentials and events of third parties fail in ways of their own
            said = str(error) if type(error).__module__.startswith(sdk.__name__) else type(error).__name__
            raise ModelFailed(f"it could not be asked ({said[:200]})", MEND) from None

    def _read(self, events: Iterable[Any], prompt: Prompt, deadline: float) -> Reply:
        heard = self._hearing(prompt)
        for event in events:
            if time.monotonic() > deadline:
                raise ModelFailed(f"it took longer than {self._patience:g} s")
            heard.event(event)
        if not heard.whole:
            raise ModelFailed("its answer broke off", passing=True)
        return heard.reply()

    def _refused(self, error: Any) -> ModelFailed:
        response, status = getattr(error, "response", None), getattr(error, "status_code", 0)
        headers: Mapping[str, str] = response.headers if response is not None else {}
        said = (worded(error.body) or getattr(error, "type", None) or "no reason given")[:200]
        message = f"it answered {status} ({said})" if status >= 400 else f"its answer broke off ({said})"
        verdict, wait = self._verdict(error, status, said), _seconds(headers.get("retry-after"))
        if verdict == "too long":
            return ModelFailed(message, too_long=True)
        passes = status in PASSING or status > 500 or status < 400
        if status == 429:
            passes = wait is not None or self._host.unnamed
        passes = passes and verdict != "lasting" and headers.get("x-should-retry") != "false"
        return ModelFailed(message, self._host.mends.get(status, ""), passing=passes, wait=wait)


def timeout(pause: float) -> Any:
    """The SDK's limits, for a longest silence in seconds."""
    import httpx2

    return httpx2.Timeout(pause, connect=min(pause, CONNECT_SECONDS))


def worded(body: Any) -> str:
    """The sentence in the body of an error, however its server wraps it; a web page is none."""
    match body:
        case [first, *_]:
            return worded(first)
        case {"error": error} if error:
            return worded(error)
        case {"message": str(text)} | {"detail": str(text)}:
            return text
        case str(text) if not text.lstrip().startswith("<"):
            return text
        case _:
            return ""


def _waiting(state: RetryCallState) -> float:
    """As long as we were told to; else longer each time, and never all at the same moment."""
    error = state.outcome.exception() if state.outcome else None
    told = error.wait if isinstance(error, ModelFailed) else None
    return told if told is not None else _backing_off(state)


def _seconds(said: str | None) -> float | None:
    try:
        return max(0.0, float(said)) if said is not None else None
    except ValueError:
        return None
