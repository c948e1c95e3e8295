"""The Slack side of Runbook: listeners, views and the command line."""
