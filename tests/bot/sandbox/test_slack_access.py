"""Who may call what: tokens, scopes, membership, and the workspace behind the answers."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.bot.sandbox.local_slack import LocalSlack

MANIFEST = {
    "_metadata": {"major_version": 2},
    "display_information": {"name": "Runbook"},
    "features": {
        "bot_user": {"display_name": "Runbook"},
        "app_home": {"home_tab_enabled": True},
        "slash_commands": [{"command": "/ask", "description": "Ask"}],
    },
    "oauth_config": {"scopes": {"bot": ["chat:write", "app_mentions:read"], "bot_optional": ["users:read"]}},
    "settings": {"event_subscriptions": {"bot_events": ["app_mention"]}},
}


@pytest.fixture
def small(start: Callable[..., LocalSlack], tmp_path: Path) -> LocalSlack:
    """A workspace whose app asked for little."""
    path = tmp_path / "manifest.yml"
    path.write_text(yaml.safe_dump(MANIFEST))
    return start("--manifest", str(path))


def test_no_token_is_not_authed(shared: LocalSlack) -> None:
    assert shared.http.post("api/auth.test").json()["error"] == "not_authed"


def test_an_unknown_token_is_invalid(shared: LocalSlack) -> None:
    assert shared.api("auth.test", token="nobody")["error"] == "invalid_auth"


def test_a_bot_token_opens_no_connection(shared: LocalSlack) -> None:
    assert shared.api("apps.connections.open")["error"] == "not_allowed_token_type"


def test_an_app_token_posts_nothing(shared: LocalSlack) -> None:
    answer = shared.api("chat.postMessage", token=shared.ready["app_token"], channel="C0INCIDENTS", text="x")

    assert answer["error"] == "not_allowed_token_type"


def test_an_unknown_method_is_said_to_be_one(shared: LocalSlack) -> None:
    assert shared.api("chat.shout") == {"ok": False, "error": "unknown_method", "req_method": "chat.shout"}


def test_a_ticket_opens_one_connection(shared: LocalSlack) -> None:
    assert shared.http.get("link", params={"ticket": "made up"}).status_code == 408


def test_auth_test_says_who_the_app_is(shared: LocalSlack) -> None:
    answer = shared.raw("auth.test")

    assert answer.json()["user_id"] == shared.ready["bot_user_id"]
    assert answer.json()["team_id"] == shared.ready["team_id"]
    assert "chat:write" in answer.headers["X-OAuth-Scopes"]


@pytest.mark.parametrize(
    ("method", "args", "needed"),
    [
        ("reactions.add", {"channel": "C0INCIDENTS", "timestamp": "1.2", "name": "eyes"}, "reactions:write"),
        ("conversations.history", {"channel": "C0INCIDENTS"}, "channels:history"),
        ("conversations.join", {"channel": "C0GENERAL01"}, "channels:join"),
        ("files.getUploadURLExternal", {"filename": "x", "length": 1}, "files:write"),
        ("usergroups.users.list", {"usergroup": "S0ONCALL001"}, "usergroups:read"),
        ("conversations.list", {}, "channels:read,groups:read,im:read,mpim:read"),
    ],
)
def test_a_missing_scope_is_named(method: str, args: dict[str, str], needed: str, small: LocalSlack) -> None:
    answer = small.api(method, **args)

    assert answer["error"] == "missing_scope"
    assert answer["needed"] == needed
    assert answer["provided"] == "app_mentions:read,chat:write,users:read"


LONG = {"display_information": {"name": "x" * 36, "description": "x" * 141, "long_description": "short"}}
PROMPTS = {
    "agent_view": {"agent_description": "x" * 301, "suggested_prompts": [{"title": "x", "message": "y"}] * 5}
}
COMMANDS = {"slash_commands": [{"command": "ask"}, {"command": "/" + "x" * 32}]}
SHORTCUTS = {"shortcuts": [{"name": "x", "type": "message", "callback_id": "x"}] * 11}


@pytest.mark.parametrize(
    ("change", "problems"),
    [
        ({"colour": "red"}, ["colour is not a key of a manifest"]),
        (LONG, ["display_information.name", "display_information.description", "display_information.long"]),
        (
            {"features": PROMPTS},
            ["agent_view.agent_description", "agent_view.suggested_prompts has 5 entries"],
        ),
        ({"display_information": {"name": "x", "long_description": "x" * 4001}}, ["has 4001 characters"]),
        ({"features": COMMANDS}, ["ask is not a command", "xxx is not a command"]),
        ({"features": SHORTCUTS}, ["features.shortcuts has 11 entries, more than 10"]),
    ],
)
def test_a_manifest_slack_would_refuse_starts_nothing(
    change: dict[str, Any], problems: list[str], tmp_path: Path
) -> None:
    path = tmp_path / "manifest.yml"
    path.write_text(yaml.safe_dump({**MANIFEST, **change}))
    command = [sys.executable, "-m", "bot.sandbox", "--manifest", str(path)]

    done = subprocess.run(command, capture_output=True, text=True, timeout=20)

    assert done.returncode == 1
    for problem in problems:
        assert problem in done.stderr


def test_scopes_may_be_listed_at_the_start(start: Callable[..., LocalSlack]) -> None:
    narrow = start("--scopes", "chat:write,users:read")

    assert narrow.post(text="x")["ok"]
    assert narrow.api("conversations.list")["provided"] == "chat:write,users:read"


def test_optional_scopes_count_as_granted(small: LocalSlack) -> None:
    assert small.api("users.info", user=small.people["alice"])["ok"]


def test_email_addresses_need_a_scope_of_their_own(small: LocalSlack, shared: LocalSlack) -> None:
    alice = shared.people["alice"]

    assert "email" in shared.api("users.info", user=alice)["user"]["profile"]
    assert "email" not in small.api("users.info", user=alice)["user"]["profile"]


def test_commands_are_those_of_the_manifest(small: LocalSlack) -> None:
    answer = small.act("commands", person="alice", channel="incidents", command="/runbook", text="help")

    assert answer["error"] == "unknown_command"


def test_the_guest_is_marked_as_one(shared: LocalSlack) -> None:
    people = {u["id"]: u for u in shared.api("users.list")["members"]}

    assert people[shared.people["dan"]]["is_restricted"]
    assert not people[shared.people["ben"]]["is_restricted"]
    assert people[shared.ready["bot_user_id"]]["is_bot"]


def test_user_groups_have_members(shared: LocalSlack) -> None:
    assert shared.api("usergroups.users.list", usergroup="S0APPROVERS")["users"] == [shared.people["ben"]]
    assert shared.api("usergroups.users.list", usergroup="S0NOSUCH")["error"] == "no_such_subteam"


def test_joining_twice_is_a_warning(slack: LocalSlack) -> None:
    first = slack.api("conversations.join", channel=slack.channels["general"])
    second = slack.api("conversations.join", channel=slack.channels["general"])

    assert first["channel"]["is_member"]
    assert second["warning"] == "already_in_channel"


def test_an_archived_channel_is_not_joined(slack: LocalSlack) -> None:
    made = slack.act("channels", person="alice", name="old-room")
    slack.act("channels/archive", person="alice", channel="old-room")

    assert slack.api("conversations.join", channel=made["channel"])["error"] == "is_archived"


def test_a_private_channel_does_not_exist_for_outsiders(slack: LocalSlack) -> None:
    made = slack.act("channels", person="alice", name="secret", is_private=True)

    assert slack.api("conversations.info", channel=made["channel"])["error"] == "channel_not_found"
    slack.act("channels/invite", person="alice", channel="secret", user="runbook")
    assert slack.api("conversations.info", channel=made["channel"])["channel"]["is_private"]


def test_a_channel_shared_with_another_workspace_says_so(slack: LocalSlack) -> None:
    made = slack.act("channels", person="alice", name="with-partner", is_ext_shared=True)

    card = slack.api("conversations.info", channel=made["channel"])["channel"]
    assert (card["is_shared"], card["is_ext_shared"], card["is_org_shared"]) == (True, True, False)
    assert len(card["shared_team_ids"]) == 2


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("", "invalid_name_required"),
        ("Upper Case", "invalid_name_specials"),
        ("x" * 81, "invalid_name_maxlength"),
        ("---", "invalid_name_punctuation"),
        ("incidents", "name_taken"),
    ],
)
def test_channel_names_have_rules(name: str, error: str, shared: LocalSlack) -> None:
    assert shared.api("conversations.create", name=name)["error"] == error


def test_the_general_channel_stays(slack: LocalSlack) -> None:
    slack.api("conversations.join", channel=slack.channels["general"])

    assert (
        slack.api("conversations.leave", channel=slack.channels["general"])["error"] == "cant_leave_general"
    )
    assert (
        slack.api("conversations.archive", channel=slack.channels["general"])["error"]
        == "cant_archive_general"
    )


def test_channels_are_created_left_and_archived(slack: LocalSlack) -> None:
    channel = slack.api("conversations.create", name="inc-1")["channel"]["id"]

    assert slack.api("conversations.setTopic", channel=channel, topic="x" * 251)["error"] == "too_long"
    assert slack.api("conversations.setTopic", channel=channel, topic="slow")["ok"]
    assert slack.api("conversations.members", channel=channel)["members"] == [slack.ready["bot_user_id"]]
    assert slack.api("conversations.archive", channel=channel)["ok"]
    assert slack.api("conversations.archive", channel=channel)["error"] == "already_archived"


def test_conversations_open_finds_the_direct_message(shared: LocalSlack) -> None:
    first = shared.api("conversations.open", users=shared.people["ben"])["channel"]["id"]
    second = shared.api("conversations.open", users=shared.people["ben"])["channel"]["id"]

    assert first == second
    assert shared.api("conversations.open")["error"] == "users_list_not_supplied"


def test_the_log_holds_arguments_and_answers_but_no_tokens(
    start: Callable[..., LocalSlack], tmp_path: Path
) -> None:
    logged = start("--state", str(tmp_path))
    logged.http.post(
        "api/chat.postMessage", data={"token": logged.ready["bot_token"], "channel": "x", "text": "y"}
    )

    call = logged.look("calls")["calls"][0]
    written = (tmp_path / "slack-calls.jsonl").read_text()

    assert call["method"] == "chat.postMessage"
    assert call["args"] == {"channel": "x", "text": "y"}
    assert call["token"] == "bot"
    assert call["answer"]["error"] == "channel_not_found"
    assert logged.ready["bot_token"] not in written
    assert '"channel_not_found"' in written
