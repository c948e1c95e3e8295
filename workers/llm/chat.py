"""Any model behind OpenAI's Chat Completions: theirs, a gateway, a server of your own; the extra `openai`."""

from typing import Any

from workers.domain.errors import ModelFailed
from workers.llm.chat_wire import Heard, request
from workers.llm.hosted import PASSING, Host, Hosted, Verdict, hostname, timeout
from workers.llm.provider import Prompt

OPENAI = "https://api.openai.com/v1"
TOO_LONG = ("context_length", "context length", "context size", "context window", "too long")
"""How OpenAI, vLLM, llama.cpp, LiteLLM and others say that a prompt has no room."""
SPENT = frozenset({"insufficient_quota", "billing_hard_limit_reached", "billing_not_active"})
"""A 429 that no waiting lifts."""


class ChatModel(Hosted):
    """`completions` below says who serves it."""

    def _sdk(self) -> Any:
        try:
            import openai
        except ImportError:
            raise ModelFailed("the package openai is missing", "pip install 'runbook[openai]'") from None
        return openai

    def _asked(self, client: Any, prompt: Prompt) -> Any:
        return client.chat.completions.create(**request(self.model, prompt))

    def _hearing(self, prompt: Prompt) -> Heard:
        return Heard(self.model, prompt.most)

    def _verdict(self, error: Any, status: int, said: str) -> Verdict:
        code, kind = str(error.code or ""), str(error.type or "")
        words = f"{code} {kind} {said}".lower()
        if status in (0, 400, 413, 422) and any(word in words for word in TOO_LONG):
            return "too long"
        if {code, kind} & SPENT:
            return "lasting"
        # Inside a stream some name a status, and some only whose fault it is.
        late = int(code) if code.isdecimal() else 400 if kind == "invalid_request_error" else 500
        return "lasting" if status < 400 and late not in (*PASSING, 429) and late < 500 else ""


def completions(key: str, base_url: str) -> Host:
    """Whoever speaks it at `base_url`, which ends in `/v1` for most; a server of your own may want no key."""

    def connect(pause: float) -> Any:
        from openai import OpenAI

        return OpenAI(api_key=key or "none", base_url=base_url, timeout=timeout(pause), max_retries=0)

    return Host(hostname(base_url), connect)
