"""OpsGenie's REST API (docs.opsgenie.com/docs/who-is-on-call-api): who is on call."""

import re
from typing import Any
from urllib.parse import quote

from workers.tools.web import Web

_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class OpsGenie:
    """The on-calls of schedules, now."""

    def __init__(self, key: str, url: str) -> None:
        self._web = Web("OpsGenie", url, {"Authorization": f"GenieKey {key}"})

    def schedule(self, name: str) -> frozenset[str]:
        """The user names, which are e-mail addresses, of whoever is on call in a schedule."""
        kind = "id" if _ID.fullmatch(name) else "name"
        asked = {"scheduleIdentifierType": kind, "flat": "true"}
        return self._web.get(f"/v2/schedules/{quote(name, safe='')}/on-calls", asked, _read)


def _read(answer: Any) -> frozenset[str]:
    return frozenset(map(str, answer["data"]["onCallRecipients"]))
