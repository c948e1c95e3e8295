"""`chat.startStream`, `appendStream`, `stopStream`: a message that is written while people watch."""

from typing import Any

from bot.sandbox import content, posting, seeds, streaming
from bot.sandbox.errors import SlackError
from bot.sandbox.methods.call import Answer, Call, Method
from bot.sandbox.workspace import Channel, Message, Stream

# Not documented; what several teams measured.
STREAM_SECONDS = 300.0
MARKDOWN_LIMIT = 12_000
MODES = ("timeline", "plan", "dense")


def start(call: Call) -> Answer:
    """`chat.startStream`: always in a thread; in a channel for one named reader."""
    channel = call.joined()
    if channel.archived:
        raise SlackError("is_archived")
    # The method page calls `thread_ts` optional; without it the live service answers this all the same.
    root = call.message(channel, "thread_ts", wrong="invalid_thread_ts")
    recipient = _recipient(call, channel)
    mode = call.args.text("task_display_mode", "timeline")
    if mode not in MODES:
        raise SlackError(
            "invalid_arguments", ["must be a valid enum value [json-pointer:/task_display_mode]"]
        )
    stream = Stream(call.slack.clock.now() + STREAM_SECONDS, mode, _chunks(call), recipient)
    if stream.chunks:
        _check_same_mode(call, stream)
    body = posting.bot_body(call.slack, seeds.RUNBOOK, "")
    body |= root.place_below() | {"streaming_state": "in_progress"}
    message = Message(channel.id, body | streaming.render(stream, call.slack.ids), stream=stream)
    posting.post(call.slack, message)
    return {"channel": channel.id, "ts": message.ts}


def append(call: Call) -> Answer:
    """`chat.appendStream`."""
    channel, message = _streamed(call)
    assert message.stream
    chunks = _chunks(call)
    if not chunks:
        raise SlackError("markdown_text_or_chunks_required")
    _check_same_mode(call, message.stream)
    message.stream.chunks += chunks
    message.body |= streaming.render(message.stream, call.slack.ids)
    posting.tell(call.slack, message)
    return {"channel": channel.id, "ts": message.ts}


def stop(call: Call) -> Answer:
    """`chat.stopStream`: the message is final now, with blocks of the app's own below the text."""
    channel, message = _streamed(call)
    assert message.stream
    said = content.read(_without_markdown(call), call.slack.files)
    if chunks := _chunks(call):
        _check_same_mode(call, message.stream)
        message.stream.chunks += chunks
    body = message.body | streaming.render(message.stream, call.slack.ids)
    if said.blocks:
        body["blocks"] = [*body.get("blocks", []), *content.complete(said.blocks, call.slack.ids)]
    message.metadata = said.metadata
    message.stream = None
    body["streaming_state"] = "completed"
    posting.change(call.slack, message, body)
    return {"channel": channel.id, "ts": message.ts, "message": message.body}


def _recipient(call: Call, channel: Channel) -> str:
    if channel.kind == "im":
        return ""
    for name in ("recipient_user_id", "recipient_team_id"):
        if not call.args.text(name):
            raise SlackError(f"missing_{name}")
    return call.args.text("recipient_user_id")


def _streamed(call: Call) -> tuple[Channel, Message]:
    channel = call.joined()
    message = call.message(channel)
    if message.body.get("bot_id") != seeds.BOT_ID:
        raise SlackError("message_not_owned_by_app")
    if message.stream is None or call.slack.clock.now() > message.stream.expires:
        raise SlackError("message_not_in_streaming_state")
    return channel, message


def _chunks(call: Call) -> list[dict[str, Any]]:
    chunks = call.args.tree("chunks")
    text = call.args.text("markdown_text")
    if chunks and text:
        raise SlackError("cannot_provide_both_markdown_text_and_chunks")
    if len(text) > MARKDOWN_LIMIT:
        raise SlackError("msg_too_long")
    if text:
        return [{"type": "markdown_text", "text": text}]
    return streaming.checked(chunks or [], call.slack.files)


def _check_same_mode(call: Call, stream: Stream) -> None:
    used = "markdown_text" if call.args.text("markdown_text") else "chunks"
    if stream.started_with not in ("", used):
        raise SlackError("streaming_mode_mismatch")
    stream.started_with = used


def _without_markdown(call: Call) -> Any:
    return type(call.args)({k: v for k, v in call.args.values.items() if k in ("blocks", "metadata")})


METHODS: dict[str, Method] = {
    "chat.startStream": start,
    "chat.appendStream": append,
    "chat.stopStream": stop,
}
