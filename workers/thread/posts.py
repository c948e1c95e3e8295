"""Which messages an event changes, and how they look then: the thread as a reader of the journal."""

from workers.domain.event import Concluded, Event, NameAsked, NameSettled
from workers.domain.investigation import Investigation
from workers.domain.post import Post
from workers.thread.answer import answer
from workers.thread.card import card
from workers.thread.cause import cause
from workers.thread.live import live
from workers.thread.which import which

# Steps too small to redraw the live message for; the next larger one shows them too.
SILENT = frozenset(
    {"QueryAnswered", "QueryFailed", "EvidenceWeighed", "Joined", "BudgetSet", "ModelAsked", "Recalled"}
)


def posts(case: Investigation, event: Event) -> tuple[Post, ...]:
    """The messages to say or to redraw now that `event` has brought `case` about."""
    if case.incident.question is not None:
        return () if event.type in SILENT else (answer(case),)
    said: list[Post] = []
    if event.type not in SILENT:
        said.append(live(case, event.at))
    if isinstance(event, NameAsked | NameSettled) and event.word in case.unclear:
        said.append(which(case, event.word))
    if isinstance(event, Concluded):
        said.append(cause(case, event.conclusion))
    said += [card(case, approval) for approval in case.approvals if approval.id in _touched(case, event)]
    return tuple(said)


def _touched(case: Investigation, event: Event) -> frozenset[str]:
    """The approvals whose cards an event changes: its own, and of a way back that of the change, too."""
    about = _approval(event)
    return frozenset({about, *(one.undoes for one in case.approvals if one.id == about)} - {""})


def _approval(event: Event) -> str:
    """The approval that an event is about, or an empty string."""
    match event.type:
        case "ApprovalRequested":
            return event.approval.id
        case "QueryAsked":
            return event.query.approval
        case "RemedyWithheld":
            return event.undoes
        case (
            "ApprovalVoted"
            | "ApprovalDecided"
            | "ApprovalExpired"
            | "ChangeIntended"
            | "ChangeMade"
            | "ChangeUnknown"
            | "Verified"
            | "RollbackAsked"
            | "Failed"
        ):
            return event.approval
        case _:
            return ""
