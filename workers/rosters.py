"""Who is in a user group and who is on call: asked outside each minute, and written down.

Whoever decides who may do what reads the ledger, so that nobody waits for PagerDuty at a click, and the
executor needs no Slack. A source that could not be asked keeps its old roster, which soon counts for nobody.
"""

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from workers.domain.approver import ON_CALL_FOR
from workers.domain.errors import RunbookError, ToolFailed, Unreachable
from workers.ledger import Ledger
from workers.safety.access import access
from workers.safety.policy import policy
from workers.settings import OnCall, Settings
from workers.tools.opsgenie import OpsGenie
from workers.tools.pagerduty import PagerDuty

log = logging.getLogger(__name__)


def sources(settings: Settings) -> tuple[str, ...]:
    """Every user group and rota that the settings name: `S012AB3CD`, `on-call`, `on-call:checkout`."""
    return tuple(sorted(policy(settings).sources | access(settings).sources))


def refresh(ledger: Ledger, outside: "Outside", now: Callable[[], datetime]) -> None:
    """Write down who each source names now; one that cannot be asked stops no other."""
    for source in sources(outside.settings):
        at = now()
        try:
            ledger.enrol(source, outside.members(source), at)
        except RunbookError as error:
            log.warning("who is in %s is not known: %s %s", source, error, error.mend)


@dataclass(frozen=True)
class Outside:
    """Those who know. A pager that is not enabled is never asked."""

    settings: Settings
    slack: WebClient
    pagerduty: PagerDuty | None = None
    opsgenie: OpsGenie | None = None

    def members(self, source: str) -> frozenset[str]:
        """The Slack ids behind a source; raises `RunbookError` where anybody could not be asked."""
        slack: Any = self.slack
        if source.startswith("S"):
            answer = _asked(lambda: slack.usergroups_users_list(usergroup=source))
            return frozenset(map(str, answer["users"]))
        mails = frozenset(mail for ask, name in self._rotas(source) for mail in ask(name))
        people = (self._person(mail) for mail in sorted(mails))
        return frozenset(person for person in people if person)

    def _rotas(self, source: str) -> Iterator[tuple[Callable[[str], frozenset[str]], str]]:
        """Each schedule and policy behind a source, and how it is asked."""
        rota = self._rota(source)
        if self.pagerduty is not None:
            yield from ((self.pagerduty.schedule, name) for name in rota.pagerduty_schedules)
            yield from ((self.pagerduty.policy, name) for name in rota.pagerduty_policies)
        if self.opsgenie is not None:
            yield from ((self.opsgenie.schedule, name) for name in rota.opsgenie_schedules)

    def _rota(self, source: str) -> OnCall:
        on_call = self.settings.on_call
        service = source.removeprefix(ON_CALL_FOR)
        return on_call.overall if service == source else on_call.services[service]

    def _person(self, mail: str) -> str:
        """Who has this address in Slack; empty where nobody has."""
        slack: Any = self.slack
        try:
            return str(_asked(lambda: slack.users_lookupByEmail(email=mail))["user"]["id"])
        except _Nobody:
            log.warning("somebody who is on call has no account in Slack with the same e-mail address")
            return ""


class _Nobody(ToolFailed):
    """Slack knows nobody of that address."""


def _asked(call: Callable[[], Any]) -> Any:
    """Slack's answer; raises `Unreachable` or `ToolFailed`."""
    try:
        return call().data
    except SlackApiError as error:
        response: Any = error.response
        why = str(response.get("error", response.status_code))
        kind = _Nobody if why == "users_not_found" else ToolFailed
        raise kind(f"Slack refused: {why}", "Install the app again from manifest.yml.") from error
    except OSError as error:
        raise Unreachable("Slack", type(error).__name__) from error
