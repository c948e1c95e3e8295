"""What two revisions of one thing differ in, whatever platform keeps them."""

from collections.abc import Callable, Mapping

from pydantic import JsonValue

from workers.domain.call import StateData
from workers.tools.action import Answer
from workers.tools.inventory import Account
from workers.tools.metering import Counted


def compared(
    account: Account,
    service: str,
    after: str,
    before: str,
    *,
    source: str,
    earlier: Callable[[Account, str], str],
    read: Callable[[Account, str], Mapping[str, str]],
) -> Answer:
    """The names of what differs between `before` and `after`; without `before`, the one that is `earlier`.

    `read` gives a revision as flat keys (`image`, `environment.NAME`).
    """
    with Counted() as counted:
        before = before or earlier(account, after)
        old, new = (read(account, name) for name in (before, after))
    differs = sorted(key for key in old.keys() | new.keys() if old.get(key) != new.get(key))
    found: dict[str, JsonValue] = {
        "service": service,
        "before": before,
        "after": after,
        "differences": [*differs],
    }
    return Answer(data=StateData(state=found), source=source, cost=counted.calls)
