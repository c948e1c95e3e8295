"""`runbook audit`: what it shows, what it finds, and a copy that somebody else can check."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from bot.cli import main
from bot.cli.records import line
from tests.workers import making
from tests.workers.ledger.samples import ALICE, BEN, asked, incident, now, step, voted
from workers.domain.approval import Approval, ApprovalState
from workers.ledger import Ledger, audit, connect, migrate
from workers.ledger.audit import GENESIS, Link

MOVING = "checkout is slow\n\x1b[2J\u202eall is well"
"""Text that would clear a terminal and turn itself round."""


class Said(NamedTuple):
    """What a command said, and how it ended."""

    code: int
    out: str
    err: str


class World(NamedTuple):
    """A folder with a ledger: one decision of `approval` from the question to its outcome, and another's."""

    folder: Path
    approval: Approval
    other: Approval
    links: tuple[Any, ...]


Run = Callable[..., Said]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    folder = tmp_path_factory.mktemp("audit")
    url = f"sqlite:///{folder / 'ledger.db'}"
    migrate(url)
    ledger = Ledger(connect(url))
    told = incident().model_copy(update={"text": MOVING})
    approval = asked(ledger, ledger.accept(told, ("one",), now()).id)
    other = asked(ledger)
    ledger.record(approval.investigation, voted(approval), step(approval, ApprovalState.APPROVED))
    for state in (ApprovalState.REDEEMED, ApprovalState.SUCCEEDED):
        ledger.record(approval.investigation, step(approval, state))
    ledger.note({"event": "VoteRefused", "actor": ALICE.id, "approval": other.id, "why": "You asked for it."})
    links = ledger.audit_records()
    ledger.close()
    return World(folder, approval, other, links)


@pytest.fixture
def run(world: World, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """The command in this process, beside that ledger."""

    def told(*arguments: str, folder: Path = world.folder) -> Said:
        monkeypatch.setenv("RUNBOOK_DATA_DIR", str(folder))
        monkeypatch.setattr("sys.argv", ["runbook", "audit", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        said = capsys.readouterr()
        return Said(int(ended.value.code or 0), said.out, said.err)

    return told


# show


def test_decision_is_shown_from_the_question_to_its_outcome(run: Run, world: World) -> None:
    said = run("show", "--approval", world.approval.hash[:12])

    rows = [[part for part in one.split("  ") if part] for one in said.out.splitlines()]
    about = f"{world.approval.investigation} {world.approval.id[:12]}"
    call = "ecs-update-service cluster=shop service=checkout taskDefinition=checkout:41"
    assert [[part.strip() for part in row[2:]] for row in rows] == [
        ["ApprovalRequested", "Runbook", about, call],
        ["ApprovalVoted", BEN.id, about, "approve"],
        ["ApprovalDecided", "Runbook", about, "approved"],
        ["ChangeIntended", "Runbook", about, call],
        ["ChangeMade", "Runbook", about, "made"],
    ]
    assert rows[0][1].startswith(f"{now():%Y-%m-}")


def test_what_others_wrote_cannot_move_the_terminal(run: Run, world: World) -> None:
    said = run("show", "--investigation", world.approval.investigation, "--kind", "incidentreported")

    assert said.out.endswith(f"{ALICE.id}  {world.approval.investigation}  checkout is slow [2Jall is well\n")


@pytest.mark.parametrize(
    ("filters", "numbers"),
    [
        (("--limit", "2"), [8, 9]),
        (("--kind", "ApprovalRequested"), [2, 4]),
        (("--kind", "approvalrequested", "--limit", "1"), [4]),
        (("--since", "1d"), [*range(1, 10)]),
    ],
)
def test_filters_leave_what_fits(run: Run, filters: tuple[str, ...], numbers: list[int]) -> None:
    said = run("show", *filters)

    assert [int(one.split()[0]) for one in said.out.splitlines()] == numbers


def test_refused_click_is_shown_under_the_approval_that_it_was_about(run: Run, world: World) -> None:
    said = run("show", "--approval", world.other.id)

    assert [one.split()[3] for one in said.out.splitlines()] == ["ApprovalRequested", "VoteRefused"]
    assert said.out.endswith("refused: You asked for it.\n")


def test_records_of_before_are_left_out(run: Run) -> None:
    assert run("show", "--since", "0s").out == "No record fits.\n"


def test_every_kind_of_step_in_the_chain_has_its_words() -> None:
    records = [body for event in making.one_of_each() if (body := audit.record("inv-1", event))]

    lines = [line(Link(1, 0.0, GENESIS, GENESIS, json.dumps(body))) for body in records]

    assert len(lines) >= 13
    assert not [one for one in lines if '{"' in one or one.endswith("  ")]


def test_record_that_somebody_made_up_is_shown_as_it_stands() -> None:
    for body, says in (('{"event":"Failed","x":1}', '{"x": 1}'), ("no json", "{}"), ("[1]", "{}")):
        assert line(Link(1, 1e300, GENESIS, GENESIS, body)).endswith(says)


@pytest.mark.parametrize(
    ("filters", "says"),
    [
        (("--investigation", "nobody"), "the audit has nothing about 'nobody'\nCheck the id."),
        (("--approval", "nobody", "--since", "1h"), "the audit has nothing about 'nobody'"),
        (("--kind", "Voted"), "the audit has no record of kind 'voted'\nThere are: ApprovalDecided, "),
        (("--since", "yesterday"), "'yesterday' is no time"),
        (("--file", "/nowhere"), "/nowhere cannot be read: No such file"),
    ],
)
def test_what_is_not_there_is_said(run: Run, filters: tuple[str, ...], says: str) -> None:
    said = run("show", *filters)

    assert (said.code, said.out) == (1, "")
    assert says in said.err


# verify


def test_whole_chain_is_said_with_its_head(run: Run, world: World) -> None:
    said = run("verify")

    assert said.code == 0
    assert said.out.startswith(f"9 records, whole. Head: {world.links[-1].hash}\n")
    assert "only a head seen elsewhere tells" in said.out


def test_head_that_somebody_has_seen_must_be_in_the_chain(run: Run, world: World) -> None:
    seen = [part for link in world.links for part in ("--head", f"`{link.hash[:16].upper()}…`")]
    whole, gone = run("verify", *seen), run("verify", *seen, "--head", "0123456789abcdef")

    assert (whole.code, whole.out.count("\n")) == (0, 1)
    assert gone.code == 1
    assert gone.out == (
        "No record has the head 0123456789abcdef: the end of the chain was cut off, or written anew.\n"
    )
    assert "'abc' is no head" in run("verify", "--head", "abc").err


def test_folder_without_a_ledger_is_said_and_left_as_it_is(run: Run, tmp_path: Path) -> None:
    said = run("verify", folder=tmp_path)

    assert (said.code, said.out) == (1, "")
    assert f"there is no ledger at {tmp_path}/ledger.db" in said.err
    assert list(tmp_path.iterdir()) == []


# export


@pytest.fixture(scope="module")
def lines(world: World) -> list[str]:
    return [json.dumps(link._asdict()) for link in world.links]


def test_export_is_every_record_and_can_be_checked_without_a_ledger(
    run: Run, lines: list[str], tmp_path: Path
) -> None:
    printed, written = run("export"), run("export", "--to", str(tmp_path / "audit.jsonl"))
    (tmp_path / "nothing").mkdir()
    checked = run("verify", "--file", str(tmp_path / "audit.jsonl"), folder=tmp_path / "nothing")
    shown = run("show", "--file", str(tmp_path / "audit.jsonl"), folder=tmp_path / "nothing")

    assert printed.out.splitlines() == lines
    assert (tmp_path / "audit.jsonl").read_text() == printed.out
    assert (written.out, written.err) == ("", printed.err)
    assert printed.err.startswith("9 records. Head: ")
    assert checked.out.startswith("9 records, whole.")
    assert len(shown.out.splitlines()) == 9


def test_export_that_cannot_be_written_leaves_nothing(run: Run, tmp_path: Path) -> None:
    said = run("export", "--to", str(tmp_path / "no" / "audit.jsonl"))

    assert said.code == 1
    assert "audit.jsonl cannot be written: No such file or directory" in said.err


HANDS: dict[str, tuple[Callable[[list[str]], list[str]], str]] = {
    "flip": (
        lambda lines: [*lines[:4], lines[4].replace(BEN.id, ALICE.id), *lines[5:]],
        "Record 5 is bad: what it says is not what was written. Up to there 4 are whole.\n",
    ),
    "delete": (
        lambda lines: [*lines[:4], *lines[5:]],
        "Record 5 is bad: it is missing; record 6 stands in its place. Up to there 4 are whole.\n",
    ),
    "swap": (
        lambda lines: [*lines[:4], lines[5], lines[4], *lines[6:]],
        "Record 5 is bad: it is missing; record 6 stands in its place. Up to there 4 are whole.\n",
    ),
    "insert": (
        lambda lines: [*lines[:5], lines[4], *lines[5:]],
        "Record 6 is bad: it is missing; record 5 stands in its place. Up to there 5 are whole.\n",
    ),
    "truncate": (lambda lines: lines[:-1], "No record has the head "),
}


@pytest.mark.parametrize("hand", HANDS)
def test_hand_on_an_export_is_named(
    run: Run, world: World, lines: list[str], tmp_path: Path, hand: str
) -> None:
    touched, says = HANDS[hand]
    (tmp_path / "audit.jsonl").write_text("\n".join(touched(lines)) + "\n")

    said = run("verify", "--file", str(tmp_path / "audit.jsonl"), "--head", world.links[-1].hash)

    assert said.code == 1
    assert said.out.startswith(says)


@pytest.mark.parametrize(
    "damage",
    ['{"seq": 3, "at"', "[1, 2]", '{"seq": 3}', "", "\\" * 3, "[" * 100_000, '{"seq": "x"}'],
    ids=["cut", "list", "half", "empty", "rubbish", "deep", "typed"],
)
def test_line_that_is_no_record_is_named(run: Run, lines: list[str], tmp_path: Path, damage: str) -> None:
    if damage == '{"seq": "x"}':
        damage = json.dumps({**json.loads(lines[2]), "at": "noon"})
    (tmp_path / "audit.jsonl").write_text("\n".join([*lines[:2], damage, *lines[3:]]))

    for command in ("verify", "show"):
        said = run(command, "--file", str(tmp_path / "audit.jsonl"))

        assert (said.code, said.out) == (1, "")
        assert f"line 3 of {tmp_path}/audit.jsonl is no record of an audit" in said.err
