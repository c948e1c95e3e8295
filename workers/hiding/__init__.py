"""Hiding secrets: one set of rules for answers of tools, prompts, messages and logs."""

from workers.hiding.rules import HIDDEN, redacted, secretive
from workers.hiding.shown import shown

__all__ = ["HIDDEN", "redacted", "secretive", "shown"]
