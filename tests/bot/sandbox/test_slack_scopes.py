"""Which scope each method needs: an app without any is told the name of it."""

from collections.abc import Iterator

import pytest

from bot.sandbox.rules import RULES
from tests.bot.sandbox.local_slack import LocalSlack, finish, launch

READ = "channels:read,groups:read,im:read,mpim:read"
MANAGE = "channels:manage,groups:write,im:write,mpim:write"
HISTORY = "channels:history,groups:history,im:history,mpim:history"
# As docs.slack.dev names them; where it depends on the conversation, for a call that names none.
NEEDED = {
    "chat.postMessage": "chat:write",
    "chat.update": "chat:write",
    "chat.delete": "chat:write",
    "chat.postEphemeral": "chat:write",
    "chat.startStream": "chat:write",
    "chat.appendStream": "chat:write",
    "chat.stopStream": "chat:write",
    "conversations.list": READ,
    "conversations.info": READ,
    "conversations.members": READ,
    "conversations.history": HISTORY,
    "conversations.replies": HISTORY,
    "conversations.join": "channels:join",
    "conversations.create": MANAGE,
    "conversations.invite": MANAGE,
    "conversations.rename": MANAGE,
    "conversations.leave": MANAGE,
    "conversations.archive": MANAGE,
    "conversations.setTopic": MANAGE,
    "conversations.open": "im:write",
    "users.info": "users:read",
    "users.list": "users:read",
    "users.lookupByEmail": "users:read.email",
    "usergroups.list": "usergroups:read",
    "usergroups.users.list": "usergroups:read",
    "bots.info": "users:read",
    "team.info": "team:read",
    "reactions.add": "reactions:write",
    "reactions.remove": "reactions:write",
    "reactions.get": "reactions:read",
    "files.getUploadURLExternal": "files:write",
    "files.completeUploadExternal": "files:write",
    "files.info": "files:read",
    "files.delete": "files:write",
    "pins.add": "pins:write",
    "bookmarks.add": "bookmarks:write",
    "assistant.threads.setStatus": "chat:write",
    "assistant.threads.setTitle": "assistant:write",
    "assistant.threads.setSuggestedPrompts": "assistant:write",
    "agents.sessions.setStatus": "chat:write",
}
WITHOUT = {
    "api.test",
    "auth.test",
    "apps.connections.open",
    "chat.getPermalink",
    "views.open",
    "views.push",
    "views.update",
    "views.publish",
}


@pytest.fixture(scope="module")
def bare() -> Iterator[LocalSlack]:
    """A workspace whose app may next to nothing."""
    running = launch("--scopes", "commands,users.profile:read")
    yield running
    finish(running)


@pytest.mark.parametrize("method", NEEDED)
def test_without_its_scope_an_app_cannot_call(method: str, bare: LocalSlack) -> None:
    answer = bare.api(method)

    assert answer["error"] == "missing_scope"
    assert answer["needed"] == NEEDED[method]
    assert answer["provided"] == "commands,users.profile:read"


@pytest.mark.parametrize("method", sorted(WITHOUT))
def test_no_scope_is_needed_for(method: str, bare: LocalSlack) -> None:
    token = bare.ready["app_token" if method.startswith("apps.") else "bot_token"]

    assert bare.api(method, token=token).get("error") != "missing_scope"


def test_every_method_has_its_scope_written_here() -> None:
    assert {*NEEDED, *WITHOUT} == set(RULES)


@pytest.mark.parametrize(
    ("method", "public", "direct"),
    [
        ("conversations.history", "channels:history", "im:history"),
        ("conversations.replies", "channels:history", "im:history"),
        ("conversations.info", "channels:read", "im:read"),
        ("conversations.leave", "channels:manage", "im:write"),
    ],
)
def test_the_scope_is_that_of_the_kind_of_conversation(
    method: str, public: str, direct: str, bare: LocalSlack
) -> None:
    im = bare.act("home", person="ben", tab="messages")["channel"]

    assert bare.api(method, channel=bare.channels["incidents"])["needed"] == public
    assert bare.api(method, channel=im)["needed"] == direct


def test_posting_without_membership_needs_a_scope_of_its_own() -> None:
    wide = launch("--scopes", "chat:write,chat:write.public")
    try:
        assert wide.post("general", text="x")["ok"]
    finally:
        finish(wide)
