"""Less than was asked for: the same change with one argument nearer to the state before, and nothing else."""

from datetime import datetime

from workers.domain.approval import Approval, ApprovalState
from workers.domain.errors import Refused


def room(approval: Approval) -> range:
    """The values an approver may choose: strictly between the state before and what is asked for."""
    if approval.narrow is None:
        return range(0)
    asked, bound = approval.call.arguments.get(approval.narrow.argument), approval.narrow.bound
    if not isinstance(asked, int) or isinstance(asked, bool):
        return range(0)
    return range(min(asked, bound) + 1, max(asked, bound))


def narrowed(approval: Approval, value: int, key: str, at: datetime) -> Approval:
    """A fresh approval, under the id `key`, that does no more than this one; `Refused` where it would.

    It expires when this one does, takes as many people, and nobody has voted on it.
    """
    narrow = approval.narrow
    if narrow is None or value not in room(approval):
        raise Refused("that is not less than what was asked for", "Choose a value between now and then.")
    asked = approval.call.arguments[narrow.argument]
    arguments = {**approval.call.arguments, narrow.argument: value}
    return approval.model_copy(
        update={
            "id": key,
            "title": narrow.title.replace("{}", str(value)),
            "blast_radius": narrow.blast_radius.replace("{}", str(value)),
            "call": approval.call.model_copy(update={"arguments": arguments}),
            "why": (*approval.why, f"less than was asked for: {narrow.argument} {value} in place of {asked}"),
            "narrows": approval.id,
            "votes": (),
            "state": ApprovalState.PENDING,
            "created_at": at,
        }
    ).sealed()


def widening(approval: Approval, before: Approval | None) -> str:
    """Why `approval` is not what narrowing `before` makes; empty where it is."""
    if before is None or before.narrow is None or before.id != approval.narrows:
        return "it narrows nothing that was asked for"
    value = approval.call.arguments.get(before.narrow.argument)
    if not isinstance(value, int) or isinstance(value, bool) or value not in room(before):
        return f"{before.narrow.argument} is not less than what was asked for"
    same = narrowed(before, value, approval.id, approval.created_at)
    return "" if approval == same else "more differs from what was asked for than may"
