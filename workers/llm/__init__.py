"""Models behind one small protocol: a question in, text and its price out, or `ModelFailed`."""

from workers.llm.provider import Message, Provider, Question, Reply

__all__ = ["Message", "Provider", "Question", "Reply"]
