"""Who may approve, by name: a person, a user group, or whoever is on call (for everything, or a service)."""

import re

ON_CALL = "on-call"
ON_CALL_FOR = f"{ON_CALL}:"


def mention(name: str) -> str:
    """How Slack shows it: an id as whom it names, a rota in words, and nothing else as more than text."""
    if re.fullmatch(r"[UW][A-Z0-9]+", name):
        return f"<@{name}>"
    if re.fullmatch(r"S[A-Z0-9]+", name):
        return f"<!subteam^{name}>"
    plain = re.sub(r"[^\w ./-]", "", name.removeprefix(ON_CALL_FOR))
    if name == ON_CALL or not name.startswith(ON_CALL_FOR):
        return "whoever is on call" if name == ON_CALL else plain
    return f"whoever is on call for {plain}"
