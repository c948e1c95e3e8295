"""The thinking and acting side of Runbook: investigations, tools, approvals and the ledger."""
