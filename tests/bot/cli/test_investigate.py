"""`runbook investigate` as a process against the local cloud: what it says, and how it ends."""

import json
import os
import pty
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.cli import telling, times
from tests.bot.cli.seeing import Terminal
from tests.faults.wire import wire
from workers.domain.call import AlarmData, ChangeData
from workers.domain.conclusion import Outcome
from workers.domain.errors import RunbookError
from workers.domain.event import EVENT, Event, QueryAnswered
from workers.domain.investigation import fold

ROOT = Path(__file__).parents[3]
TRUTH = ("service", "mode", "revision")


def shelve(terminal: Terminal) -> None:
    """A runbook for what is broken, in the folder where runbooks are looked for."""
    page = (ROOT / "knowledge/examples/shop/checkout-errors-after-deployment.md").read_text()
    folder = terminal.folder / ".runbook/runbooks"
    folder.mkdir(parents=True)
    (folder / "payments.md").write_text(page.replace("checkout", "payments").replace("Checkout", "Payments"))


def events(lines: str) -> list[Event]:
    return [EVENT.validate_json(one) for one in lines.splitlines()]


def test_piped_it_tells_every_step_and_everything_needed_to_act(terminal: Terminal) -> None:
    truth = terminal.cloud.show("bad_deployment", seed=3)["truth"]
    shelve(terminal)
    (terminal.folder / ".runbook/config.yaml").write_text(
        "slack: {bot_token: '${SLACK_BOT_TOKEN}'}\napprovals: {approvers: [U0BEN]}\n"
    )

    seen = terminal.run("investigate", "storefront is slow", CHROMA_URL="http://me:hush@127.0.0.1:1")

    silent = "The knowledge index at http://127.0.0.1:1 does not answer. The folders are searched instead.\n"
    assert (seen.code, seen.err) == (0, silent)
    assert "\x1b" not in seen.out
    steps, report = seen.out.split("\nRoot cause: Bad deployment", 1)
    for word in ("Investigating", "Checking what runs", "Facts: storefront", "Hypothesis h1: ", "● Stands"):
        assert word in steps
    for head in ("Evidence", "Ruled out", "Runbooks", "Next", "Confidence: high", "The fix I would propose"):
        assert f"\n{head}" in report
    before = f"{truth['revision'].partition(':')[0]}:{int(truth['revision'].partition(':')[2]) - 1}"
    assert report.startswith(f": {truth['revision']}")
    assert "independent witnesses: 4 independent sources support it" in report
    assert f"  taskDefinition = {before}\n  Nothing was changed, and nothing can be from here." in report
    assert 'mention @Runbook in Slack: "storefront is slow". An approver (one of U0BEN)' in report


def test_an_alarm_brings_its_own_text_and_json_is_the_journal_up_to_the_proposed_change(
    terminal: Terminal,
) -> None:
    played = terminal.cloud.show("bad_deployment", seed=3)
    truth, name = played["truth"], played["alert"]["alarm"]

    seen = terminal.run("investigate", "--alarm", name, "--json")

    told = events(seen.out)
    case = fold(told)
    assert (seen.code, seen.err) == (0, "No runbooks: there is no folder of them.\n")
    assert case.conclusion is not None
    cause = case.conclusion.causes[0]
    assert cause.model_dump(include=set(TRUTH)) == {key: truth[key] for key in TRUTH}
    assert told[0].type == "IncidentReported"
    assert told[-1].type == "RemedyProposed", "nothing is asked for after a proposal"
    assert case.incident.source == "alert"
    assert case.incident.text.startswith(f'ALARM: "{name}" in us-east-1\nThreshold Crossed')


def test_in_a_terminal_the_tree_is_redrawn_and_stays(terminal: Terminal) -> None:
    leader, follower = pty.openpty()
    command = [sys.executable, "-P", "-m", "bot.cli", "investigate", "storefront is slow"]
    environ = {**terminal.environ, "TERM": "xterm", "COLUMNS": "110", "LINES": "50"}
    process = subprocess.Popen(command, stdout=follower, stderr=follower, cwd=terminal.folder, env=environ)
    os.close(follower)

    said = ""
    while piece := read(leader):
        said += piece
    os.close(leader)

    assert process.wait(30) == 0
    assert said.count("Gathering the facts") >= 1
    assert "├── " in said
    assert "Ctrl-C stops" in said
    assert said.rindex("\x1b[?25h") > said.rindex("\x1b[?25l"), "the cursor stays hidden"
    last = said[said.rindex("\x1b[?25h") :]
    assert "Root cause found · storefront is slow" in last
    assert last.index("● Stands") < last.index("✕ Struck out") < last.index("Confidence: high")


def read(leader: int) -> str:
    try:
        return os.read(leader, 65536).decode("utf-8", "replace")
    except OSError:
        return ""


def test_an_unknown_alarm_is_told_from_its_neighbours(terminal: Terminal) -> None:
    name = terminal.cloud.show("bad_deployment", seed=3)["alert"]["alarm"]

    seen = terminal.run("investigate", "--alarm", name[:-1])

    assert (seen.code, seen.out) == (1, "")
    assert f"there is no alarm '{name[:-1]}' in us-east-1" in seen.err
    assert f"The nearest names are {name}" in seen.err


def test_as_of_a_moment_before_the_onset_nothing_later_is_seen(terminal: Terminal) -> None:
    onset = terminal.cloud.show("bad_deployment", seed=3)["truth"]["onset"]
    at = datetime.fromtimestamp(onset - 60, UTC)

    seen = terminal.run("investigate", "storefront is slow", "--at", at.isoformat(), "--json")

    told = events(seen.out)
    case = fold(told)
    assert case.incident.at == at
    assert "As of " in seen.err
    assert case.conclusion is not None
    assert (seen.code, case.conclusion.outcome) == (0, Outcome.NOT_AN_INCIDENT)
    answers = [one.result.data for one in told if isinstance(one, QueryAnswered)]
    alarms = [alarm for data in answers if isinstance(data, AlarmData) for alarm in data.alarms]
    changes = [change for data in answers if isinstance(data, ChangeData) for change in data.changes]
    assert len(alarms) > 5
    assert [alarm.name for alarm in alarms if alarm.since > at] == []
    assert [change.summary for change in changes if change.at > at] == []


def test_inconclusive_is_code_2_and_names_the_permission(terminal: Terminal) -> None:
    terminal.cloud.play("bad_deployment", seed=3, deny=["cloudwatch:GetMetricData"])
    terminal.cloud._shown = None

    seen = terminal.run("investigate", "storefront is slow")

    assert seen.code == 2
    assert "\nInconclusive: " in seen.out
    assert "Grant cloudwatch:GetMetricData" in seen.out


def test_a_service_nobody_knows_is_said_with_the_nearest_and_as_plain_text(terminal: Terminal) -> None:
    seen = terminal.run("investigate", "slow\x1b[2J\u202e today", "--service", "chekout")

    assert seen.code == 2
    assert "The nearest name is checkout." in seen.out
    assert "\x1b" not in seen.out
    assert "\u202e" not in seen.out


WRONG: tuple[tuple[str, tuple[str, ...], tuple[str, ...], dict[str, str]], ...] = (
    ("nothing was asked", (), (), {}),
    ("No such option: --colour", ("x", "--colour", "red"), (), {}),
    ("'soon' is no time", ("x", "--at", "soon"), (), {}),
    ("Or give --region.", ("x",), ("AWS_REGION",), {}),
    ("Regions look like us-east-1.", ("x", "--region", "us_east"), (), {}),
    ("The config profile (nope) could not be found", ("x", "--profile", "nope"), (), {}),
    ("Name a profile (--profile)", ("x",), ("AWS_SECRET_ACCESS_KEY", "AWS_ACCESS_KEY_ID"), {}),
    ("AWS does not accept the credentials", ("x",), (), {"AWS_SECRET_ACCESS_KEY": "wrong"}),
    ("Is the region right?", ("x",), (), {"AWS_ENDPOINT_URL": "http://127.0.0.1:9"}),
)


def test_what_cannot_be_looked_at_is_code_1_and_says_what_to_do(terminal: Terminal) -> None:
    with ThreadPoolExecutor(3) as pool:
        runs = [
            pool.submit(terminal.run, "investigate", *arguments, without=without, **environ)
            for _, arguments, without, environ in WRONG
        ]
        seen = [run.result() for run in runs]

    assert [(one.code, one.out) for one in seen] == [(1, "")] * len(WRONG)
    assert [said for (said, *_), one in zip(WRONG, seen, strict=True) if said not in one.err] == []


def test_expired_credentials_are_told_from_wrong_ones(terminal: Terminal) -> None:
    answer = json.dumps({"__type": "ExpiredTokenException", "message": "expired"}).encode()
    with wire(terminal.cloud.url) as line:
        line.gate("DescribeAlarms", answer=(403, answer))
        seen = terminal.run("investigate", "x", AWS_ENDPOINT_URL=line.url)

    assert seen.code == 1
    assert "the AWS credentials have expired" in seen.err
    assert "aws sso login" in seen.err


def test_ctrl_c_ends_at_once_with_what_is_known(terminal: Terminal) -> None:
    with wire(terminal.cloud.url) as line:
        held = line.gate("GetMetricData", before=True)
        with terminal.started("investigate", "storefront is slow", AWS_ENDPOINT_URL=line.url) as process:
            assert held.asked.wait(20)
            began = time.monotonic()
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=20)
            took = time.monotonic() - began
        held.let.set()

    assert process.returncode == 130
    assert took < 2, "it waited for a question that was under way"
    assert "Stopped before a cause was named." in out
    assert "Not answered yet" in out
    assert "the golden signals" in out
    assert "Traceback" not in err


# Times


NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("2h", NOW - timedelta(hours=2)),
        ("90m ago", NOW - timedelta(minutes=90)),
        ("11:30", NOW - timedelta(minutes=30)),
        ("12:30", NOW - timedelta(hours=23, minutes=30)),
        ("2026-03-01T11:00", NOW - timedelta(hours=1)),
        ("2026-03-01T12:00+01:00", NOW - timedelta(hours=1)),
    ],
)
def test_a_time_is_meant_as_it_is_written(text: str, meant: datetime) -> None:
    assert times.moment(text, NOW) == meant


@pytest.mark.parametrize(
    "text", ["", "soon", "25:00", "2026-03-01", "2026-03-01T12:01Z", "9999999h", "5 parsecs"]
)
def test_nonsense_and_the_future_are_no_times(text: str) -> None:
    with pytest.raises(RunbookError):
        times.moment(text, NOW)


def test_text_of_others_can_only_be_shown() -> None:
    assert telling.line("a\x1b[31mb\x9b0m\u202ec\r\nd\x00") == "a[31mb0mc d"
