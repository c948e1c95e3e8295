"""Claude through Anthropic's SDK: their API, a gateway that speaks it, Amazon Bedrock or Google's Vertex AI.

The SDK takes seconds and 50 MB to import, so only a process that asks a model does. Its own retries are
off: they would multiply with ours, and it waits up to ten minutes for an answer.
"""

from collections.abc import Callable
from typing import Any

from workers.llm.hosted import MENDS, Host, Hosted, Verdict, hostname, timeout
from workers.llm.provider import Prompt
from workers.llm.vertex import Credentials
from workers.llm.wire import Heard, request

PASSING_TYPES = frozenset({"overloaded_error", "api_error", "rate_limit_error", "timeout_error"})
"""Errors inside a stream that had begun well, where the status says nothing any more."""
ON_BEDROCK = {
    **MENDS,
    401: "Check the identity of providers.aws.worker.",
    403: "Allow bedrock:InvokeModelWithResponseStream on this model to the identity of providers.aws.worker.",
    404: "Check llm.model and llm.region.",
}
ON_VERTEX = {
    **MENDS,
    401: "Check the Google credentials of this machine.",
    403: "Give this machine's Google identity the role Vertex AI User in llm.project.",
    404: "Check llm.model, llm.region and llm.project, and that the model is enabled there.",
}


class Claude(Hosted):
    """`direct`, `bedrock` and `vertex` below say who serves it."""

    def _sdk(self) -> Any:
        import anthropic

        return anthropic

    def _asked(self, client: Any, prompt: Prompt) -> Any:
        from anthropic import transform_schema

        return client.messages.create(**request(self.model, prompt, transform_schema))

    def _hearing(self, prompt: Prompt) -> Heard:
        return Heard(self.model)

    def _verdict(self, error: Any, status: int, said: str) -> Verdict:
        if status == 413 or (status == 400 and "too long" in said):
            return "too long"
        return "lasting" if status < 400 and getattr(error, "type", "") not in PASSING_TYPES else ""


def direct(key: str, base_url: str) -> Host:
    """Anthropic's API, or a gateway that speaks it."""

    def connect(pause: float) -> Any:
        from anthropic import Anthropic

        return Anthropic(api_key=key, base_url=base_url, timeout=timeout(pause), max_retries=0)

    # Where no time is named, a spending limit is reached, which no waiting lifts.
    return Host(hostname(base_url), connect, unnamed=False)


def bedrock(
    region: str, keys: Callable[[], tuple[str, str, str | None]], base_url: str | None = None
) -> Host:
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
            timeout=timeout(pause),
            max_retries=0,
        )

    return Host(f"Amazon Bedrock in {region}", connect, ON_BEDROCK)


def vertex(region: str, project: str, base_url: str | None = None) -> Host:
    """Google's Vertex AI, with the credentials that the machine offers; needs the extra `vertex`."""
    credentials = Credentials()

    def connect(pause: float) -> Any:
        from anthropic.lib.vertex import AnthropicVertex

        return AnthropicVertex(
            region=region,
            project_id=project,
            access_token=credentials.token(pause),
            base_url=base_url,
            timeout=timeout(pause),
            max_retries=0,
        )

    return Host(f"Vertex AI in {region}", connect, ON_VERTEX)
