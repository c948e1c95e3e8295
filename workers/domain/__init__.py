"""The words of Runbook as frozen types; pure, imported by everything, importing nothing of ours."""
