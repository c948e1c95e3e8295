"""What Runbook may do: the gate before every tool, redaction, policy and approvals."""
