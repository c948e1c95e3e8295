"""Hiding secrets: one set of rules for answers of tools, prompts, messages and logs."""

from workers.hiding.rules import HIDDEN, redacted, secretive

__all__ = ["HIDDEN", "redacted", "secretive"]
