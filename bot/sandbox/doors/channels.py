"""People look after channels: create, rename, archive, invite."""

from bot.sandbox import events, rooms, seeds
from bot.sandbox.doors import find
from bot.sandbox.doors.find import Body, Door
from bot.sandbox.errors import PageError
from bot.sandbox.slack import Slack


async def create_channel(slack: Slack, body: Body) -> Body:
    """`POST /_slack/channels {person, name, topic?, members?, is_private?, is_ext_shared?}`.

    Everybody is in it unless `members` says who; people of another workspace where it is shared.
    """
    person = find.person(slack, body)
    if slack.workspace.users[person].is_restricted:
        raise PageError("user_is_restricted", "Guests cannot create channels.")
    members = [find.user(slack, key) for key in body.get("members", [user.key for user in seeds.PEOPLE])]
    kind = "private" if body.get("is_private") else "channel"
    shared = bool(body.get("is_ext_shared"))
    channel = rooms.create(slack, str(body.get("name", "")), person, members, kind, shared=shared)
    if body.get("topic"):
        rooms.set_topic(slack, channel, str(body["topic"]), person)
    return {"channel": channel.id, "name": channel.name}


async def rename_channel(slack: Slack, body: Body) -> Body:
    """`POST /_slack/channels/rename {person, channel, name}`."""
    rooms.rename(slack, find.channel(slack, body), str(body.get("name", "")), find.person(slack, body))
    return {}


async def archive_channel(slack: Slack, body: Body) -> Body:
    """`POST /_slack/channels/archive {person, channel, undo?}`."""
    channel, person = find.channel(slack, body), find.person(slack, body)
    (rooms.unarchive if body.get("undo") else rooms.archive)(slack, channel, person)
    return {}


async def set_topic(slack: Slack, body: Body) -> Body:
    """`POST /_slack/channels/topic {person, channel, topic}`."""
    rooms.set_topic(slack, find.channel(slack, body), str(body.get("topic", "")), find.person(slack, body))
    return {}


async def join_channel(slack: Slack, body: Body) -> Body:
    """`POST /_slack/channels/join {person, channel}`."""
    channel, person = find.channel(slack, body), find.person(slack, body)
    if person not in channel.members:
        rooms.join(slack, channel, person)
    return {}


async def leave_channel(slack: Slack, body: Body) -> Body:
    """`POST /_slack/channels/leave {person, channel}`."""
    channel, person = find.channel(slack, body), find.person(slack, body)
    if person in channel.members:
        rooms.leave(slack, channel, person)
    return {}


async def invite(slack: Slack, body: Body) -> Body:
    """`POST /_slack/channels/invite {person, channel, user, message_ts?}`.

    A mention that led to it is delivered then.
    """
    channel, person, user = (
        find.channel(slack, body),
        find.person(slack, body),
        find.user(slack, body.get("user")),
    )
    if user not in channel.members:
        rooms.join(slack, channel, user, inviter=person)
    if body.get("message_ts") and user == seeds.BOT_USER_ID:
        events.mentioned(slack, find.message(slack, channel, str(body["message_ts"]), person))
    return {}


async def remove_member(slack: Slack, body: Body) -> Body:
    """`POST /_slack/channels/remove {person, channel, user}`."""
    channel, user = find.channel(slack, body), find.user(slack, body.get("user"))
    if user in channel.members:
        rooms.leave(slack, channel, user)
    return {}


POSTS: dict[str, Door] = {
    "channels": create_channel,
    "channels/rename": rename_channel,
    "channels/archive": archive_channel,
    "channels/topic": set_topic,
    "channels/join": join_channel,
    "channels/leave": leave_channel,
    "channels/invite": invite,
    "channels/remove": remove_member,
}
