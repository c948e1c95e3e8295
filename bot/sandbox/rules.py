"""What each Web API method asks of its caller: rate tier, scope, kind of token. One row per method we serve.

Tiers and scopes are those of the pages on docs.slack.dev; tier 0 has limits of its own, in `limits.py`.
"""

from dataclasses import dataclass, field

HISTORY = {
    "channel": "channels:history",
    "private": "groups:history",
    "im": "im:history",
    "mpim": "mpim:history",
}
READ = {"channel": "channels:read", "private": "groups:read", "im": "im:read", "mpim": "mpim:read"}
MANAGE = {"channel": "channels:manage", "private": "groups:write", "im": "im:write", "mpim": "mpim:write"}


@dataclass(frozen=True)
class Rule:
    """`scope` is needed always, `by_kind` depends on the conversation the call is about.

    `token`: bot, app or none.
    """

    tier: int
    scope: str = ""
    by_kind: dict[str, str] = field(default_factory=dict)
    token: str = "bot"


RULES = {
    "api.test": Rule(4, token="none"),
    "auth.test": Rule(0),
    "apps.connections.open": Rule(1, scope="connections:write", token="app"),
    "chat.postMessage": Rule(0, scope="chat:write"),
    "chat.update": Rule(3, scope="chat:write"),
    "chat.delete": Rule(3, scope="chat:write"),
    "chat.postEphemeral": Rule(4, scope="chat:write"),
    "chat.getPermalink": Rule(0),
    "chat.startStream": Rule(2, scope="chat:write"),
    "chat.appendStream": Rule(4, scope="chat:write"),
    "chat.stopStream": Rule(2, scope="chat:write"),
    "conversations.list": Rule(2, by_kind=READ),
    "conversations.info": Rule(3, by_kind=READ),
    "conversations.members": Rule(4, by_kind=READ),
    "conversations.history": Rule(3, by_kind=HISTORY),
    "conversations.replies": Rule(3, by_kind=HISTORY),
    "conversations.join": Rule(3, scope="channels:join"),
    "conversations.create": Rule(2, by_kind=MANAGE),
    "conversations.invite": Rule(3, by_kind=MANAGE),
    "conversations.rename": Rule(2, by_kind=MANAGE),
    "conversations.leave": Rule(3, by_kind=MANAGE),
    "conversations.archive": Rule(2, by_kind=MANAGE),
    "conversations.setTopic": Rule(2, by_kind=MANAGE),
    "conversations.open": Rule(3, scope="im:write"),
    "users.info": Rule(4, scope="users:read"),
    "users.list": Rule(2, scope="users:read"),
    "users.lookupByEmail": Rule(3, scope="users:read.email"),
    "usergroups.list": Rule(2, scope="usergroups:read"),
    "usergroups.users.list": Rule(2, scope="usergroups:read"),
    "bots.info": Rule(3, scope="users:read"),
    "team.info": Rule(3, scope="team:read"),
    "reactions.add": Rule(3, scope="reactions:write"),
    "reactions.remove": Rule(2, scope="reactions:write"),
    "reactions.get": Rule(3, scope="reactions:read"),
    "files.getUploadURLExternal": Rule(4, scope="files:write"),
    "files.completeUploadExternal": Rule(4, scope="files:write"),
    "files.info": Rule(4, scope="files:read"),
    "files.delete": Rule(3, scope="files:write"),
    "views.open": Rule(4),
    "views.push": Rule(4),
    "views.update": Rule(4),
    "views.publish": Rule(4),
    "pins.add": Rule(2, scope="pins:write"),
    "bookmarks.add": Rule(2, scope="bookmarks:write"),
    "assistant.threads.setStatus": Rule(0, scope="chat:write"),
    "assistant.threads.setTitle": Rule(3, scope="assistant:write"),
    "assistant.threads.setSuggestedPrompts": Rule(3, scope="assistant:write"),
    "agents.sessions.setStatus": Rule(3, scope="chat:write"),
}
