"""PagerDuty's REST API (developer.pagerduty.com/api-reference): who is on call."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from workers.domain.errors import ToolFailed
from workers.tools.web import Web

PAGE = 100
MOST_PAGES = 20
FIRST_LEVEL = 1


class _OnCall(NamedTuple):
    mail: str
    level: int


class PagerDuty:
    """The on-calls of schedules and of escalation policies, now."""

    def __init__(self, key: str, url: str) -> None:
        headers = {"Accept": "application/vnd.pagerduty+json;version=2", "Content-Type": "application/json"}
        self._web = Web("PagerDuty", url, {**headers, "Authorization": f"Token token={key}"})

    def schedule(self, key: str) -> frozenset[str]:
        """The e-mail addresses of whoever is on call in a schedule."""
        return frozenset(one.mail for one in self._on_calls("schedule_ids[]", key))

    def policy(self, key: str) -> frozenset[str]:
        """Those of whoever an escalation policy calls first; further levels are not on call."""
        on_calls = self._on_calls("escalation_policy_ids[]", key)
        return frozenset(one.mail for one in on_calls if one.level == FIRST_LEVEL)

    def _on_calls(self, by: str, key: str) -> Iterator[_OnCall]:
        """All pages of `GET /oncalls`, which answers for now where no time is named."""
        for page in range(MOST_PAGES):
            asked = {by: key, "include[]": "users", "limit": PAGE, "offset": page * PAGE}
            found, more = self._web.get("/oncalls", asked, _read)
            yield from found
            if not more:
                return
        raise ToolFailed(f"PagerDuty names more than {MOST_PAGES * PAGE} people on call for {key}")


def _read(answer: Any) -> tuple[list[_OnCall], bool]:
    found = [_OnCall(str(one["user"]["email"]), int(one["escalation_level"])) for one in answer["oncalls"]]
    return found, bool(answer["more"])
