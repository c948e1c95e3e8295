"""`runbook demo --auto`: wait for the cause, approve as the approver would, wait for the recovery, report."""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table

from workers.domain.approval import Approval, ApprovalState
from workers.domain.event import Concluded, Event, FactsGathered, Verified
from workers.domain.investigation import Investigation
from workers.ledger import Ledger

if TYPE_CHECKING:
    from bot.cli.demo import Stage

PATIENCE_SECONDS = 420
POLL_SECONDS = 0.5


class Late(Exception):
    """Something did not come in time."""


def play(stage: "Stage", ledger: Ledger, broken: dict[str, Any], began: float) -> int:
    """The exit code: 0 when the cause was right and, where a change was offered, recovery was verified."""
    truth = stage.ask(stage.cloud, "/_cloud/truth")
    team, channel = stage.slack["team_id"], broken["channel"]
    investigation = ""
    try:
        investigation = _until("an investigation", lambda: _running(ledger, team, channel))
        case = _until("a conclusion", lambda: _concluded(ledger, investigation))
        approval = _offered(ledger, investigation)
        if approval is not None:
            _approve(stage, channel, approval)
            case = _until("a verification", lambda: _verified(ledger, investigation))
    except Late as late:
        print(f"No {late} within {PATIENCE_SECONDS} seconds.")
        return 1
    return _report(ledger.journal(investigation), case, truth, began)


def _until(what: str, look: Callable[[], Any]) -> Any:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        found = look()
        if found:
            return found
        time.sleep(POLL_SECONDS)
    raise Late(what)


def _running(ledger: Ledger, team: str, channel: str) -> str:
    return ledger.in_channel(team, channel)


def _concluded(ledger: Ledger, investigation: str) -> Investigation | None:
    case = ledger.load(investigation)
    return case if case.conclusion is not None else None


def _offered(ledger: Ledger, investigation: str) -> Approval | None:
    """The approval asked for, which comes a moment after the cause where there is one."""
    deadline = time.monotonic() + 15
    while time.monotonic() < deadline:
        case = ledger.load(investigation)
        if case.approvals:
            return case.approvals[-1]
        time.sleep(POLL_SECONDS)
    return None


def _approve(stage: "Stage", channel: str, approval: Approval) -> None:
    """Click Approve on the card, once it can be seen: as Ben, and as Carol too where it takes two people."""

    def card() -> dict[str, Any] | None:
        for message in _messages(stage, channel):
            for block in message.get("blocks") or ():
                if any(e.get("value") == approval.id for e in block.get("elements") or ()):
                    return message
        return None

    seen = _until("an approval card", card)
    for person in ("ben", "carol")[: approval.quorum]:
        where = {"channel": channel, "message_ts": seen["ts"], "block_id": "decision"}
        stage.page("/_slack/actions", {"person": person, "action_id": "approve", **where})
        if approval.word:
            _type(stage, person, approval.word)


def _type(stage: "Stage", person: str, word: str) -> None:
    """Fill in the modal that asks for the name of what is changed, and send it off."""
    user = stage.slack["people"][person]["id"]
    view = _until("a modal", lambda: stage.page("/_slack/state")["modals"].get(user))[-1]
    values = {"word": {"typed": word}}
    stage.page("/_slack/views/submit", {"person": person, "view_id": view["id"], "values": values})


def _messages(stage: "Stage", channel: str) -> list[dict[str, Any]]:
    channels = stage.page("/_slack/state")["channels"]
    return next(c["messages"] for c in channels if c["id"] == channel)


def _verified(ledger: Ledger, investigation: str) -> Investigation | None:
    case = ledger.load(investigation)
    ended = any(a.state.terminal and a.state is not ApprovalState.SUCCEEDED for a in case.approvals)
    return case if case.outcomes or ended else None


def _report(journal: tuple[Event, ...], case: Investigation, truth: dict[str, Any], began: float) -> int:
    conclusion = case.conclusion
    cause = conclusion.causes[0] if conclusion and conclusion.causes else None
    named = (cause.service, cause.mode, cause.revision or None) if cause else (None, None, None)
    planted = (truth["service"], truth["mode"], truth.get("revision"))
    recovered = any(outcome.recovered for outcome in case.outcomes.values())
    table = Table(title="What happened", show_header=False)
    for label, event in (("first fact", FactsGathered), ("cause", Concluded), ("recovery", Verified)):
        at = next((e.at.timestamp() for e in journal if isinstance(e, event)), None)
        table.add_row(f"time to {label}", f"{at - began:.1f} s" if at else "–")
    for label, one, other in zip(("service", "failure mode", "revision"), named, planted, strict=True):
        table.add_row(label, f"{one}  {'= planted' if one == other else f'≠ planted {other}'}")
    table.add_row("confidence", f"{conclusion.confidence.value:.2f}" if conclusion else "–")
    table.add_row("queries made", str(case.calls_made))
    outcome = "; ".join(o.finding for o in case.outcomes.values())
    table.add_row("change", (outcome or "made, not verified") if case.approvals else "none offered")
    Console(width=110).print(table)
    return 0 if named == planted and (recovered or not case.approvals) else 1
