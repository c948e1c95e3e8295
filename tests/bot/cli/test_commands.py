"""The `runbook` command, and the files around it that say the same thing in other words."""

import os
import re
import shutil
import socket
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any, cast

import pytest
import yaml

from workers.settings import load
from workers.settings.holders import FALLBACKS, OVERRIDES
from workers.settings.reference import markdown

ROOT = Path(__file__).parents[3]
AT_ONCE = 2.0
ENVIRON = {
    "PATH": os.environ["PATH"],
    # The tree that these tests are in, wherever an installed one may be.
    "PYTHONPATH": str(ROOT),
    "SLACK_APP_TOKEN": "xapp-1",
    "SLACK_BOT_TOKEN": "xoxb-1",
    "AWS_REGION": "eu-west-1",
    "RUNBOOK_EXECUTOR_AWS_PROFILE": "changer",
}


def runbook(folder: Path, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-P", "-m", "bot.cli", *arguments],
        cwd=folder,
        env={**ENVIRON, **environ},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_help_names_every_command_and_loads_nothing_heavy(tmp_path: Path) -> None:
    code = (
        "import sys; from bot.cli.app import app; "
        "heavy = {'pydantic', 'yaml', 'redis', 'rq', 'chromadb', 'slack_bolt', 'boto3', 'sqlalchemy'}; "
        "print(heavy & sys.modules.keys())"
    )

    shown = runbook(tmp_path, "--help")
    loaded = subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, text=True, check=True)

    names = re.findall(r"^  (\w+)  ", shown.stdout, re.MULTILINE)
    assert {"up", "bot", "worker", "quick", "executor", "clock", "migrate", "health", "config"} <= set(names)
    assert loaded.stdout.strip() == "set()"


def test_check_reads_as_up_would_and_says_what_is_left_open(tmp_path: Path) -> None:
    done = runbook(tmp_path, "config", "check")

    assert done.returncode == 0
    assert done.stdout.splitlines() == [
        f"The environment is fine. Data: {tmp_path}/.runbook",
        "No model: Runbook reasons by its rules. ANTHROPIC_API_KEY adds one.",
        "Nobody may approve, so nothing will be changed: approvals.approvers is empty.",
    ]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "command", [("up",), ("config", "check"), ("worker",), ("bot",), ("executor",), ("clock",)]
)
def test_a_broken_configuration_starts_nothing(tmp_path: Path, command: tuple[str, ...]) -> None:
    (tmp_path / "runbook.yaml").write_text("agent:\n  max_querys: 3\n")

    done = runbook(tmp_path, *command, "--config", "runbook.yaml")

    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.splitlines() == [
        "Runbook: the configuration has 1 problem:",
        "  runbook.yaml:2 agent.max_querys: is not a key that Runbook knows. Did you mean agent.max_queries?",
        "Nothing was started. Mend and start again.",
    ]
    assert not (tmp_path / ".runbook").exists()


def test_migrate_makes_the_ledger_and_may_be_repeated(tmp_path: Path) -> None:
    first, second = runbook(tmp_path, "migrate"), runbook(tmp_path, "migrate")

    assert (first.returncode, second.returncode) == (0, 0), first.stderr + second.stderr
    with sqlite3.connect(tmp_path / ".runbook/ledger.db") as ledger:
        assert ledger.execute("select count(*) from sqlite_master where type = 'table'").fetchone()[0] > 3
    ledger.close()


def test_health_without_a_running_up_says_what_is_missing(tmp_path: Path) -> None:
    nothing = runbook(tmp_path, "health")
    silent = runbook(tmp_path, "health", "worker", REDIS_URL="redis://:hush@127.0.0.1:1")
    unknown = runbook(tmp_path, "health", "wroker")

    assert nothing.returncode == 1
    assert "Redis has no address: redis_url is not set and `runbook up` runs none here." in nothing.stderr
    assert silent.returncode == 1
    assert "redis is unreachable: no answer from redis://127.0.0.1:1" in silent.stderr
    assert "hush" not in silent.stderr
    assert "the processes are executor, worker, quick, clock, bot" in unknown.stderr


def test_the_documentation_lists_exactly_the_keys_that_exist() -> None:
    page = (ROOT / "docs/configuration.md").read_text()

    written = page.partition("<!-- reference -->\n\n")[2].partition("\n<!-- /reference -->")[0]

    assert written == markdown(), "docs/configuration.md differs from what `runbook config reference` prints"


def test_every_key_is_documented() -> None:
    assert not re.findall(r"^\| `\w+` \|[^|]*\|[^|]*\|\s*\|", markdown(), re.MULTILINE)


def test_the_example_in_the_documentation_loads_for_every_process(tmp_path: Path) -> None:
    page = (ROOT / "docs/configuration.md").read_text()
    example = tmp_path / "config.yaml"
    example.write_text(page.partition("```yaml\n")[2].partition("```")[0])

    environ = {key: value for key, value in ENVIRON.items() if key.startswith("SLACK")}
    for process in ("up", "bot", "worker", "quick", "executor", "clock", "migrate", "health"):
        load(example, environ, process)


def test_the_example_environment_names_variables_that_exist() -> None:
    names = set(re.findall(r"^(\w+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))

    assert names <= OVERRIDES.keys() | FALLBACKS.keys()


def test_the_procfile_names_the_processes_that_up_starts(tmp_path: Path) -> None:
    lines = dict(line.split(": ") for line in (ROOT / "Procfile").read_text().splitlines())

    assert lines == {
        "release": "runbook migrate",
        **{name: f"runbook {name}" for name in ("bot", "worker", "quick", "executor", "clock")},
    }


def test_halt_stops_all_changes_from_the_terminal_until_resume(tmp_path: Path) -> None:
    runbook(tmp_path, "migrate")

    halted = runbook(tmp_path, "halt", "the region is on fire")
    with closing(sqlite3.connect(tmp_path / ".runbook/ledger.db")) as ledger:
        ((body,),) = ledger.execute("SELECT body FROM audit").fetchall()
    resumed, again = runbook(tmp_path, "resume"), runbook(tmp_path, "resume")

    assert (halted.returncode, resumed.returncode, again.returncode) == (0, 0, 0)
    assert "All changes are stopped." in halted.stdout
    assert '"event":"ChangesStopped"' in body
    assert "the region is on fire" in body
    assert "Changes are made again, each after its approval." in resumed.stdout
    assert "Changes are not stopped." in again.stdout


# What each event and method needs, from Slack's reference.
EVENTS = {
    "app_mention": "app_mentions:read",
    "channel_created": "channels:read",
    "channel_rename": "channels:read",
    "group_rename": "groups:read",
    "member_joined_channel": "channels:read",
    "message.channels": "channels:history",
    "message.groups": "groups:history",
}

METHODS = {
    "auth_test": set[str](),
    "chat_postEphemeral": {"chat:write"},
    "chat_postMessage": {"chat:write"},
    "chat_update": {"chat:write"},
    "conversations_history": {"channels:history", "groups:history"},
    "conversations_info": {"channels:read", "groups:read"},
    "conversations_join": {"channels:join"},
    "conversations_replies": {"channels:history", "groups:history"},
    "files_upload_v2": {"files:write"},
    "reactions_add": {"reactions:write"},
    "usergroups_users_list": {"usergroups:read"},
    "users_info": {"users:read"},
    "users_lookupByEmail": {"users:read.email"},
    "views_open": set[str](),
}


def test_the_manifest_asks_for_what_its_events_need_and_keeps_slacks_limits() -> None:
    manifest = cast("dict[str, Any]", yaml.safe_load((ROOT / "manifest.yml").read_text()))

    about, scopes = manifest["display_information"], manifest["oauth_config"]["scopes"]["bot"]
    events = manifest["settings"]["event_subscriptions"]["bot_events"]
    assert set(manifest) == {"_metadata", "display_information", "features", "oauth_config", "settings"}
    assert len(about["name"]) <= 35
    assert len(about["description"]) <= 140
    assert 175 <= len(about["long_description"]) <= 4000
    assert {EVENTS[event] for event in events} | {"commands"} <= set(scopes)
    assert len(scopes) == len(set(scopes))
    assert manifest["settings"]["socket_mode_enabled"]
    assert manifest["settings"]["interactivity"]["is_enabled"]
    assert "request_url" not in (ROOT / "manifest.yml").read_text()


def test_every_scope_is_for_something_that_the_code_does() -> None:
    manifest = cast("dict[str, Any]", yaml.safe_load((ROOT / "manifest.yml").read_text()))
    folders = ("bot", "bot/listeners", "workers", "workers/thread")
    places = [place for folder in folders for place in ROOT.glob(f"{folder}/*.py")]
    call = re.compile(r"\.((?:auth|chat|conversations|files|reactions|users|views|team|usergroups)_\w+)\(")

    called = {name for place in places for name in call.findall(place.read_text())}
    needed = set[str]().union(*(METHODS[name] for name in called))

    events = manifest["settings"]["event_subscriptions"]["bot_events"]
    asked = set(manifest["oauth_config"]["scopes"]["bot"])
    commands = {"commands"} if manifest["features"]["slash_commands"] else set[str]()
    assert asked == needed | commands | {EVENTS[event] for event in events}


def test_every_command_shortcut_and_event_of_the_manifest_has_its_listener_and_none_besides() -> None:
    manifest = cast("dict[str, Any]", yaml.safe_load((ROOT / "manifest.yml").read_text()))
    text = "".join(place.read_text() for place in ROOT.glob("bot/listeners/*.py"))
    features = manifest["features"]

    commands = set(re.findall(r'app\.command\("(/\w+)"\)', text))
    shortcuts = set(re.findall(r'"callback_id": "(\w+)"', text))
    named = re.findall(r'app\.event\("(\w+)"\)', text) + re.findall(r'"(channel_\w+|group_\w+)"', text)

    assert {row["command"] for row in features["slash_commands"]} == commands
    assert {row["callback_id"] for row in features["shortcuts"]} == shortcuts
    events = manifest["settings"]["event_subscriptions"]["bot_events"]
    assert {event.partition(".")[0] for event in events} == {*named} - {"channel_id", "channel_type"}
    assert all(len(row["name"]) <= 24 for row in features["shortcuts"])


@pytest.mark.parametrize(
    ("environ", "says"),
    [
        ({"SLACK_APP_TOKEN": "xapp-"}, "slack.app_token: is not filled in. It looks like xapp-1-"),
        ({"SLACK_BOT_TOKEN": "xapp-1"}, "slack.bot_token: must start with xoxb-. It looks like xoxb-"),
        ({"SLACK_BOT_TOKEN": ""}, "slack.bot_token: is missing. Set SLACK_BOT_TOKEN: api.slack.com/apps"),
        ({"AWS_REGION": ""}, "providers.aws.regions: names no region. Set AWS_REGION"),
    ],
)
def test_what_is_not_configured_is_said_once_with_what_to_set(
    tmp_path: Path, environ: dict[str, str], says: str
) -> None:
    done, seconds = timed(tmp_path, "up", **environ)

    assert done.returncode == 1
    assert done.stderr.startswith("Runbook: the configuration has 1 problem:\n")
    assert says in done.stderr
    assert seconds < AT_ONCE


@pytest.mark.parametrize("command", ["up", "migrate"])
def test_a_data_folder_that_cannot_be_is_named(tmp_path: Path, command: str) -> None:
    (tmp_path / "file").touch()

    done, seconds = timed(tmp_path, command, RUNBOOK_DATA_DIR=str(tmp_path / "file"))

    assert done.returncode == 1
    assert re.search(rf"^Runbook: .*{tmp_path}/file cannot be used: ", done.stderr, re.MULTILINE)
    assert "Choose another place: data_dir (RUNBOOK_DATA_DIR)." in done.stderr
    assert seconds < AT_ONCE


def test_a_demo_whose_port_is_taken_says_so_before_it_starts_anything(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done, seconds = timed(tmp_path, "demo", "--port", str(port))

    assert done.returncode == 1
    assert f"port {port} of 127.0.0.1 cannot be used: Address already in use" in done.stderr
    assert "Choose another one with --port (make demo PORT=…), or leave it out." in done.stderr
    assert list(tmp_path.iterdir()) == []
    assert seconds < AT_ONCE


def test_a_demo_of_something_unknown_says_what_there_is(tmp_path: Path) -> None:
    fault = runbook(tmp_path, "demo", "--fault", "bad_luck")
    application = runbook(tmp_path, "demo", "--app", "bank")

    assert (fault.returncode, application.returncode) == (1, 1)
    assert "nothing in shop breaks as bad_luck\nThere are access_change, " in fault.stderr
    assert "there is no application bank\nThere are booking, claims, parcels, shop." in application.stderr


def test_make_names_a_python_that_is_too_old_or_without_venv(tmp_path: Path) -> None:
    for name in ("Makefile", "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path)
    shutil.copytree(ROOT / "requirements", tmp_path / "requirements")
    # The least that these two Pythons answer: their version, and that there is no such module.
    program(tmp_path / "old", "exit 1")
    program(tmp_path / "bare", 'case "$1 $2" in "-m venv") exit 1;; esac')

    old, bare = (made(tmp_path, f"PYTHON={tmp_path / name}") for name in ("old", "bare"))

    assert re.search(
        r"^Runbook needs Python 3.11 or newer .*: make PYTHON=python3.12$", old.stdout, re.MULTILINE
    )
    assert "The venv module is missing: on Debian or Ubuntu, apt-get install python3-venv" in bare.stdout
    assert old.returncode == bare.returncode == 2


def timed(folder: Path, *arguments: str, **environ: str) -> tuple[subprocess.CompletedProcess[str], float]:
    """What a command did, and the seconds of processor time that it took: other tests run beside this one."""
    before = os.times()
    done = runbook(folder, *arguments, **environ)
    after = os.times()
    return done, sum(after[2:4]) - sum(before[2:4])


def made(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["make", "run", *arguments], cwd=folder, capture_output=True, text=True, timeout=30, check=False
    )


def program(path: Path, line: str) -> None:
    path.write_text(f"#!/bin/sh\n{line}\n")
    path.chmod(0o755)
