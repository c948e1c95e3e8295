"""How channels, users and files look in answers and events: Slack's own objects."""

from typing import Any

from bot.sandbox import seeds
from bot.sandbox.seeds import User
from bot.sandbox.workspace import Channel


def user(who: User) -> dict[str, Any]:
    """A user object, as `users.info` returns it."""
    first, _, last = who.real_name.partition(" ")
    return {
        "id": who.id,
        "team_id": seeds.TEAM_ID,
        "name": who.name,
        "deleted": who.deleted,
        "color": who.color.removeprefix("#"),
        "real_name": who.real_name,
        "tz": "Europe/London",
        "tz_label": "Greenwich Mean Time",
        "tz_offset": 0,
        "profile": {
            "title": who.title,
            "real_name": who.real_name,
            "real_name_normalized": who.real_name,
            "display_name": "" if who.bot_id else first,
            "display_name_normalized": "" if who.bot_id else first,
            "first_name": first,
            "last_name": last,
            "team": seeds.TEAM_ID,
            **({"bot_id": who.bot_id, "api_app_id": who.app_id} if who.bot_id else {"email": email(who)}),
        },
        "is_admin": False,
        "is_owner": False,
        "is_primary_owner": False,
        "is_restricted": who.is_restricted,
        "is_ultra_restricted": False,
        "is_bot": bool(who.bot_id),
        "is_app_user": False,
        "is_email_confirmed": True,
        "updated": 1_700_000_000,
        "who_can_share_contact_card": "EVERYONE",
    }


def email(who: User) -> str:
    """The address a person would have."""
    return f"{who.name}@{seeds.TEAM_DOMAIN}.example"


def channel(room: Channel, member: str = seeds.BOT_USER_ID) -> dict[str, Any]:
    """A conversation object as `member` sees it."""
    card: dict[str, Any] = {
        "id": room.id,
        "created": room.created,
        "creator": room.creator,
        "is_channel": room.kind == "channel",
        "is_group": False,
        "is_im": room.kind == "im",
        "is_mpim": room.kind == "mpim",
        "is_private": room.kind != "channel",
        "is_archived": room.archived,
        "is_org_shared": False,
        "is_shared": room.shared,
        "is_ext_shared": room.shared,
        "context_team_id": seeds.TEAM_ID,
        "updated": room.created * 1000,
    }
    if room.kind == "im":
        return card | {"user": next((m for m in room.members if m != member), member), "is_open": True}
    return card | {
        "name": room.name,
        "name_normalized": room.name,
        "is_general": room.name == "general",
        "unlinked": 0,
        "is_pending_ext_shared": False,
        "pending_shared": [],
        "parent_conversation": None,
        "shared_team_ids": [seeds.TEAM_ID, *([seeds.OTHER_TEAM_ID] if room.shared else [])],
        "pending_connected_team_ids": [],
        "is_member": member in room.members,
        "topic": room.topic or {"value": "", "creator": "", "last_set": 0},
        "purpose": {"value": "", "creator": "", "last_set": 0},
        "previous_names": room.previous_names,
    }
