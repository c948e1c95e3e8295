"""Two hundred records, and a hand on any one of them: the check names the first that is bad."""

import json
from collections.abc import Callable

import pytest

from workers.ledger.audit import GENESIS, Check, Link, check, digest, witness

LENGTH = 200
POSITIONS = range(LENGTH)


def link(seq: int, previous: str, body: str, at: float = 0.0) -> Link:
    """A record that fits wherever the one before it has this hash."""
    at = at or 1_700_000_000 + seq / 7
    return Link(seq, at, previous, digest(seq, at, previous, body), body)


def made() -> tuple[Link, ...]:
    links: list[Link] = []
    for seq in range(1, LENGTH + 1):
        previous = links[-1].hash if links else GENESIS
        links.append(link(seq, previous, f'{{"event":"ApprovalVoted","n":{seq * 7919}}}'))
    return tuple(links)


CHAIN = made()
HEAD = CHAIN[-1].hash


def flipped(text: str) -> str:
    """One bit of its middle is another."""
    middle = len(text) // 2
    return text[:middle] + chr(ord(text[middle]) ^ 1) + text[middle + 1 :]


FLIPS: dict[str, Callable[[Link], Link]] = {
    "number": lambda one: one._replace(seq=one.seq ^ 1),
    "time": lambda one: one._replace(at=one.at + 1e-6),
    "previous": lambda one: one._replace(previous=flipped(one.previous)),
    "hash": lambda one: one._replace(hash=flipped(one.hash)),
    "body": lambda one: one._replace(body=flipped(one.body)),
    "body that is no text": lambda one: one._replace(body=one.body + "\ud800"),
}


def test_untouched_chain_is_whole() -> None:
    assert check(CHAIN) == Check(LENGTH, HEAD)
    assert check(()) == Check(0, "")


@pytest.mark.parametrize("field", FLIPS)
def test_flipped_record_is_named(field: str) -> None:
    for n in POSITIONS:
        found = check((*CHAIN[:n], FLIPS[field](CHAIN[n]), *CHAIN[n + 1 :]))

        assert (found.bad, found.records) == (n + 1, n)


def test_deleted_record_is_named() -> None:
    for n in POSITIONS[:-1]:
        found = check((*CHAIN[:n], *CHAIN[n + 1 :]))

        assert (found.bad, found.why) == (n + 1, f"it is missing; record {n + 2} stands in its place")


def test_deleted_record_is_named_when_the_others_moved_up() -> None:
    for n in POSITIONS[:-1]:
        moved = tuple(one._replace(seq=one.seq - 1) for one in CHAIN[n + 1 :])

        assert check((*CHAIN[:n], *moved)).bad == n + 1


@pytest.mark.parametrize("renumbered", [False, True])
def test_swapped_records_are_named(renumbered: bool) -> None:
    for n in POSITIONS[:-1]:
        one, other = CHAIN[n + 1], CHAIN[n]
        if renumbered:
            one, other = one._replace(seq=other.seq), other._replace(seq=one.seq)

        assert check((*CHAIN[:n], one, other, *CHAIN[n + 2 :])).bad == n + 1


def test_inserted_record_is_named_by_the_next_that_no_longer_fits() -> None:
    """Even one that is made as well as can be, with everything after it moved down."""
    for n in POSITIONS:
        forged = link(n + 1, CHAIN[n].previous, '{"event":"ApprovalVoted"}')
        moved = tuple(one._replace(seq=one.seq + 1) for one in CHAIN[n:])

        assert check((*CHAIN[:n], forged, *moved)).bad == n + 2
        assert check((*CHAIN[:n], CHAIN[n], *CHAIN[n:])).bad == n + 2


def test_rewritten_record_whose_hash_is_made_anew_breaks_the_next() -> None:
    for n in POSITIONS[:-1]:
        forged = link(n + 1, CHAIN[n].previous, "{}", CHAIN[n].at)

        assert check((*CHAIN[:n], forged, *CHAIN[n + 1 :])).bad == n + 2


def test_cut_chain_lacks_every_head_that_was_seen_since() -> None:
    for n in POSITIONS:
        seen = (HEAD[:16], *(one.hash for one in CHAIN[: n + 1]))
        found = check(CHAIN[: n + 1], seen)

        assert found == Check(n + 1, CHAIN[n].hash, missing=(HEAD[:16],) if n + 1 < LENGTH else ())


def test_witness_says_nothing_of_a_chain_that_does_not_hold() -> None:
    vote = '{"approval":"a1","event":"ApprovalVoted","vote":{"decision":"approve","person":{"id":"U0BEN"}}}'
    whole = (*CHAIN, link(LENGTH + 1, HEAD, vote))

    assert witness(whole, "a1").approved_by == {"U0BEN": ""}
    broken = witness((*CHAIN[:9], CHAIN[9]._replace(body="a1 {no json"), *whole[10:]), "a1")
    assert (broken.bad, broken.approved_by) == (10, {})


# Purged beginnings


def purged(
    to: int, chain: tuple[Link, ...] = CHAIN, says: dict[str, object] | None = None
) -> tuple[Link, ...]:
    """The chain after a purge of its first records, with what the record of that says."""
    told = {"event": "Purged", "actor": "clock", "to": to, "hash": chain[to - 1].hash} | (says or {})
    emptied = tuple(one._replace(body="") for one in chain[:to])
    return (*emptied, *chain[to:], link(len(chain) + 1, chain[-1].hash, json.dumps(told)))


def test_chain_whose_beginning_was_purged_is_whole_and_has_every_head_that_was_ever_seen() -> None:
    for n in (1, 2, 77, LENGTH):
        whole = purged(n)
        found = check(whole, [one.hash[:16] for one in CHAIN])

        assert (found.bad, found.missing, found.records) == (None, (), LENGTH + 1)
        assert found.purged == (n, "clock", whole[-1].at)


def test_chain_that_was_purged_twice_is_whole() -> None:
    found = check(purged(150, purged(40)))

    assert found.bad is None
    assert found.purged is not None
    assert found.purged.to == 150


FORGED: dict[str, tuple[Callable[[], tuple[Link, ...]], int]] = {
    "emptied without a word": (lambda: purged(50)[:-1], 1),
    "another hash": (lambda: purged(50, says={"hash": HEAD}), 1),
    "fewer told": (lambda: purged(50, says={"to": 30, "hash": CHAIN[29].hash}), 31),
    "more told": (lambda: purged(50, says={"to": 60, "hash": CHAIN[59].hash}), 1),
    "no number": (lambda: purged(50, says={"to": "50"}), 1),
    "another kind of record": (lambda: purged(50, says={"event": "ChangesPurged"}), 1),
    "removed and not emptied": (lambda: purged(50)[50:], 1),
    "one of them removed": (lambda: (*purged(50)[:20], *purged(50)[21:]), 21),
    "emptied further since": (
        lambda: tuple(one._replace(body="") if one.seq == 51 else one for one in purged(50)),
        51,
    ),
    "emptied elsewhere": (
        lambda: tuple(one._replace(body="") if one.seq == 90 else one for one in purged(50)),
        90,
    ),
    "hash of an empty one": (
        lambda: tuple(one._replace(hash=flipped(one.hash)) if one.seq == 20 else one for one in purged(50)),
        21,
    ),
    "filled again": (
        lambda: tuple(one._replace(body="{}") if one.seq == 50 else one for one in purged(50)),
        50,
    ),
    "record of it changed": (lambda: (*purged(50)[:-1], purged(50)[-1]._replace(body="Purged")), LENGTH + 1),
}


@pytest.mark.parametrize("forged", FORGED)
def test_purge_that_was_forged_is_found(forged: str) -> None:
    make, bad = FORGED[forged]

    assert check(make()).bad == bad


@pytest.mark.parametrize("field", FLIPS)
def test_flipped_record_after_a_purge_is_named(field: str) -> None:
    whole = purged(100)
    for n in range(100, LENGTH + 1):
        found = check((*whole[:n], FLIPS[field](whole[n]), *whole[n + 1 :]))

        assert (found.bad, found.records) == (n + 1, n)
