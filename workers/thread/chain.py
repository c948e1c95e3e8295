"""The head of the audit chain, posted once a day: what stands in Slack nobody can change from here."""

from datetime import date

from workers.domain.post import HEAD, LIVE, Post
from workers.thread.fit import Part, context, fit, said_plainly, section
from workers.thread.mrkdwn import code, said


def chain(day: date, records: int, head: str, bad: int | None, why: str, purged: int = 0) -> Post:
    """What checking the chain came to: its length and head; or its first bad record, and why it is bad.

    Of the first `purged` only the hashes are left.
    """
    gone = f", of which 1–{purged} were purged" if purged else ""
    title, short = f"Audit of {day:%Y-%m-%d}", head[: len(HEAD)]
    if bad is None:
        spoken = f"{title}: {records} records{gone}, whole. Head {short or 'none yet'}."
        told = f"*{title}:* {records} records{gone}, whole. Head {code(head or 'none yet')}"
        how = f"{code(f'runbook audit verify --head {short}')} says whether it is still in the chain."
    else:
        spoken = f"{title}: record {bad} is bad: {why}. Somebody had a hand on it past Runbook."
        told = f"*{title}: the chain does not hold from record {bad} on:* {said(why)}."
        how = (
            "Somebody had a hand on it past Runbook. Until it is whole again, nothing is changed, whatever is"
            f" approved: bring the ledger back from a copy. {code('runbook audit verify')} checks it again."
        )
    parts = [Part(blocks=(section(told, "title"), context(how)))]
    return Post(key=LIVE, text=said_plainly(spoken), blocks=fit(parts))
