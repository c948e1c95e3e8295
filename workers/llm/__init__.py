"""Models behind one small protocol: a prompt in, text and its price out, or `ModelFailed`."""

from workers.llm.provider import Message, Prompt, Provider, Reply, Told

__all__ = ["Message", "Prompt", "Provider", "Reply", "Told"]
