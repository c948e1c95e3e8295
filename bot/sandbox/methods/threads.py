"""`assistant.threads.*` and `agents.sessions.setStatus`: what the app is doing in a thread."""

from typing import Any

from bot.sandbox import statuses
from bot.sandbox.errors import SlackError
from bot.sandbox.methods.call import Answer, Call, Method
from bot.sandbox.workspace import Channel

MAX_LOADING_MESSAGES = 10
MAX_PROMPTS = 4
SESSION_STATUSES = ("processing", "active", "suspended", "closed")


def set_status(call: Call) -> Answer:
    """`assistant.threads.setStatus`: gone after two minutes, or with the next message."""
    channel, thread_ts = _thread(call)
    if not call.args.has("status"):
        raise SlackError("invalid_arguments", ["missing required field: status"])
    loading = call.args.tree("loading_messages") or []
    if len(loading) > MAX_LOADING_MESSAGES:
        raise SlackError(
            "invalid_arguments", ["no more than 10 items allowed [json-pointer:/loading_messages]"]
        )
    statuses.put(call.slack, channel.id, thread_ts, call.args.text("status"), loading)
    return {}


def set_session(call: Call) -> Answer:
    """`agents.sessions.setStatus`: shares its place on the screen with the thread's status.

    The last writer wins.
    """
    channel, thread_ts = _thread(call)
    status = call.args.required("status")
    if status not in SESSION_STATUSES:
        raise SlackError("invalid_arguments", ["must be a valid enum value [json-pointer:/status]"])
    busy = "is working…" if status == "processing" else ""
    statuses.put(call.slack, channel.id, thread_ts, busy, [], can_stop=status == "processing")
    session: dict[str, Any] = {"channel_id": channel.id, "thread_ts": thread_ts, "status": status}
    return {"session": session | {"title": call.args.text("title")}}


def set_title(call: Call) -> Answer:
    """`assistant.threads.setTitle`."""
    _thread(call)
    call.args.required("title")
    return {}


def set_prompts(call: Call) -> Answer:
    """`assistant.threads.setSuggestedPrompts`."""
    channel = call.joined("channel_id")
    prompts = call.args.tree("prompts")
    if not isinstance(prompts, list) or not prompts:
        raise SlackError("invalid_arguments", ["missing required field: prompts"])
    if len(prompts) > MAX_PROMPTS:
        raise SlackError("invalid_arguments", ["no more than 4 items allowed [json-pointer:/prompts]"])
    call.slack.live.tell("prompts", channel=channel.id, title=call.args.text("title"), prompts=prompts)
    return {}


def _thread(call: Call) -> tuple[Channel, str]:
    channel = call.joined("channel_id")
    thread_ts = call.args.text("thread_ts")
    if channel.kind != "im" or thread_ts:
        root = channel.messages.get(thread_ts)
        # A reply's timestamp will not do here, unlike in chat.postMessage.
        if root is None or root.root != thread_ts:
            raise SlackError("invalid_thread_ts")
    return channel, thread_ts


METHODS: dict[str, Method] = {
    "assistant.threads.setStatus": set_status,
    "assistant.threads.setTitle": set_title,
    "assistant.threads.setSuggestedPrompts": set_prompts,
    "agents.sessions.setStatus": set_session,
}
