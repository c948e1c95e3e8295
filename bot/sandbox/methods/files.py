"""`files.*`: the three steps of an upload, and looking a file up again."""

from typing import Any

from bot.sandbox import content, posting, seeds
from bot.sandbox.blocks import judge
from bot.sandbox.errors import SlackError
from bot.sandbox.files import File
from bot.sandbox.methods.call import Answer, Call, Method
from bot.sandbox.methods.chat import thread
from bot.sandbox.slack import Slack
from bot.sandbox.workspace import Channel, Message


def upload_url(call: Call) -> Answer:
    """`files.getUploadURLExternal`."""
    name = call.args.required("filename")
    length = call.args.number("length", 0)
    if length <= 0:
        raise SlackError("invalid_arguments", ["missing required field: length"])
    file, address = call.slack.files.expect(name, length, call.args.text("alt_txt"))
    return {"upload_url": address, "file_id": file.id}


def complete(call: Call) -> Answer:
    """`files.completeUploadExternal`: the files exist now, and are posted once Slack has looked at them."""
    named = call.args.tree("files")
    if not isinstance(named, list) or not named or not all(isinstance(row, dict) for row in named):
        raise SlackError("invalid_arguments", ["missing required field: files"])
    channels = _channels(call)
    threads = {channel.id: thread(call, channel) for channel in channels}
    files = [call.slack.files.finish(str(row.get("id", "")), str(row.get("title") or "")) for row in named]
    blocks = call.args.tree("blocks", wrong="invalid_blocks_format")
    for channel in channels:
        body: dict[str, Any] = {"text": call.args.text("initial_comment"), **threads[channel.id]}
        if blocks and not body["text"]:
            judge.message(blocks, None, call.slack.files)
            body["blocks"] = content.complete(blocks, call.slack.ids)
        call.slack.later(_share(call.slack, channel, files, body))
    return {"files": [call.slack.files.card(file) for file in files]}


def info(call: Call) -> Answer:
    """`files.info`."""
    file = call.slack.files.get(call.args.required("file", "file_not_found"))
    return {"file": call.slack.files.card(file), "comments": [], "response_metadata": {"next_cursor": ""}}


def delete(call: Call) -> Answer:
    """`files.delete`."""
    call.slack.files.delete(call.args.required("file", "file_not_found"))
    return {}


def _channels(call: Call) -> list[Channel]:
    if call.args.text("channel_id"):
        return [call.destination("channel_id")]
    return [call.slack.workspace.channel(id_) for id_ in call.args.names("channels")]


async def _share(slack: Slack, channel: Channel, files: list[File], said: dict[str, Any]) -> None:
    await slack.clock.until(max(file.ready_at for file in files))
    body = posting.bot_body(slack, seeds.RUNBOOK, said.pop("text"))
    for file in files:
        file.shares.setdefault(channel.id, []).append(body["ts"])
    body |= said | {"files": [slack.files.card(file) for file in files], "upload": True}
    posting.post(slack, Message(channel.id, body))


METHODS: dict[str, Method] = {
    "files.getUploadURLExternal": upload_url,
    "files.completeUploadExternal": complete,
    "files.info": info,
    "files.delete": delete,
}
