"""Judges Block Kit as Slack does: shapes as data, one walker, and the rules that span several blocks."""
