"""Wrong hints: what a colleague who is sure of it says, and what would mislead whoever believes it."""

from workers.sandbox.model.spec import Application
from workers.sandbox.scenario.case import Case, dice

# kind of part, class of incident, what is said
_SAYINGS = (
    ("service", "bad_deployment", "{part} was released this morning and has been bad since. Roll it back."),
    ("service", "memory_leak", "{part} is out of memory again, I am certain. Just restart it."),
    ("service", "traffic_surge", "{part} gets far too much traffic. Scale it to ten, then it is over."),
    (
        "database",
        "lock_contention",
        "It is always the database. Something holds a lock in {part}, restart it.",
    ),
    (
        "database",
        "disk_full",
        "The disk of {part} is full, I have seen this before. No need to look further.",
    ),
    ("cache", "cache_stampede", "{part} has lost its keys. Flush it and it will be fine."),
    ("queue", "consumer_stopped", "Nobody reads from {part} any more, that is all. Purge it."),
    ("external", "third_party_down", "{part} is down, it is on their status page. We can only wait."),
)


def hint(case: Case, number: int) -> dict[str, str]:
    """The `number`-th wrong hint about a case, from 1: `text`, and the `service` and `mode` that it blames.

    It blames no part that a truth names, and no class that is one. None comes twice before all were said.
    """
    guilty = {truth.service for truth in case.truths} | {truth.mode for truth in case.truths}
    rows = [
        (part, mode, said)
        for kind, mode, said in _SAYINGS
        for part in _parts(case.beginning.application, kind)
        if not guilty & {part, mode}
    ]
    order = dice(case.wish.seed, "hints").permutation(len(rows))
    part, mode, said = rows[int(order[(number - 1) % len(rows)])]
    return {"text": said.format(part=part), "service": part, "mode": mode}


def _parts(application: Application, kind: str) -> list[str]:
    tables = {
        "service": application.services,
        "database": application.databases,
        "cache": application.caches,
        "queue": application.queues,
        "external": application.externals,
    }
    return list(tables[kind])
