"""The copies for people and grep: written after the ledger, and never in its way."""

import json
from datetime import datetime
from pathlib import Path

from tests.workers.ledger.samples import asked, opened, said, step, voted
from workers.domain.approval import ApprovalState
from workers.ledger import Ledger, Mirror


def lines(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_each_step_is_a_line_of_its_investigation(ledger: Ledger, tmp_path: Path) -> None:
    investigation = opened(ledger)
    ledger.record(investigation, said("look at the database"), said("and the cache"))

    copied = lines(tmp_path / "mirror/scratchpad" / f"{investigation}.jsonl")

    assert [(line["seq"], line["type"]) for line in copied] == [
        (1, "IncidentReported"),
        (2, "Steered"),
        (3, "Steered"),
    ]
    assert copied[1]["text"] == "look at the database"


def test_decisions_and_refusals_are_lines_of_one_file(ledger: Ledger, tmp_path: Path) -> None:
    wanted = asked(ledger)
    ledger.record(wanted.investigation, voted(wanted), step(wanted, ApprovalState.APPROVED))
    ledger.note({"event": "VoteRefused", "approval": wanted.id, "why": "not an approver"})

    copied = lines(tmp_path / "mirror/audit/approvals.jsonl")

    assert [line["event"] for line in copied] == [
        "ApprovalRequested",
        "ApprovalVoted",
        "ApprovalDecided",
        "VoteRefused",
    ]


def test_folder_that_cannot_be_written_stops_nothing(ledger: Ledger, tmp_path: Path) -> None:
    # A file in the place of the folder: refused whoever we are, as a full disk would be.
    (tmp_path / "mirror").write_text("")

    wanted = asked(ledger)
    ledger.record(wanted.investigation, voted(wanted), step(wanted, ApprovalState.APPROVED))

    assert ledger.load(wanted.investigation).seq == 4
    assert len(ledger.audited("ApprovalDecided")) == 1


def test_full_disk_stops_nothing(ledger: Ledger, tmp_path: Path) -> None:
    investigation = opened(ledger)
    copy = tmp_path / "mirror/scratchpad" / f"{investigation}.jsonl"
    copy.unlink()
    copy.symlink_to("/dev/full")

    ledger.record(investigation, said())

    assert ledger.load(investigation).seq == 2


def test_every_line_says_when_it_was_made_so_that_only_old_ones_go(ledger: Ledger, tmp_path: Path) -> None:
    ledger.note({"event": "VoteRefused", "why": "not an approver"})
    mirror = Mirror(tmp_path / "mirror")

    (copied,) = lines(tmp_path / "mirror/audit/approvals.jsonl")
    made = datetime.fromisoformat(str(copied["at"])).timestamp()

    assert mirror.prune(made, dry=True) == 0
    assert mirror.prune(made + 1, dry=True) == 1
