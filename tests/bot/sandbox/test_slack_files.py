"""Files: the three steps of an upload, the moment until Slack has looked at it, and who may download it."""

import struct
import zlib
from typing import Any

import pytest
from slack_sdk import WebClient

from tests.bot.sandbox.local_slack import LocalSlack, eventually


def picture(width: int = 3, height: int = 2) -> bytes:
    """A small but complete PNG."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    rows = zlib.compress((b"\0" + b"\x20\x60\x80" * width) * height)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def upload(slack: LocalSlack, data: bytes, name: str = "chart.png", **more: Any) -> dict[str, Any]:
    """All three steps by hand; returns the answer of the last."""
    first = slack.api("files.getUploadURLExternal", filename=name, length=len(data), alt_txt="a chart")
    assert slack.http.post(first["upload_url"], content=data).text == f"OK - {len(data)}"
    files = [{"id": first["file_id"], "title": "A chart"}]
    return slack.api("files.completeUploadExternal", files=files, **more)


def image(file_id: str) -> list[dict[str, Any]]:
    return [{"type": "image", "slack_file": {"id": file_id}, "alt_text": "a chart"}]


def test_a_file_has_no_type_until_slack_has_looked_at_it(shared: LocalSlack) -> None:
    file = upload(shared, picture())["files"][0]
    early = shared.post(text="x", blocks=image(file["id"]))
    shared.advance(1)
    late = shared.post(text="x", blocks=image(file["id"]))

    assert file["mimetype"] == ""
    assert early["errors"] == ["invalid slack file [json-pointer:/blocks/0/slack_file.id/slack_file]"]
    assert late["ok"]
    info = shared.api("files.info", file=file["id"])["file"]
    assert (info["mimetype"], info["original_w"], info["original_h"]) == ("image/png", 3, 2)


def test_a_picture_is_shown_by_its_private_address_too(shared: LocalSlack) -> None:
    file = upload(shared, picture())["files"][0]
    shared.advance(1)
    block = {"type": "image", "slack_file": {"url": file["url_private"]}, "alt_text": "a chart"}

    assert shared.post(text="x", blocks=[block])["ok"]


def test_a_text_is_no_picture(shared: LocalSlack) -> None:
    file = upload(shared, b"hello", name="notes.txt")["files"][0]
    shared.advance(1)

    assert shared.post(text="x", blocks=image(file["id"]))["error"] == "invalid_blocks"


def test_a_file_is_shared_into_a_thread(slack: LocalSlack) -> None:
    root = slack.say("please")
    upload(slack, picture(), channel_id=slack.channels["incidents"], thread_ts=root, initial_comment="see")
    slack.advance(1)

    message = eventually(lambda: [m for m in slack.messages() if m.get("files")])[0]
    assert message["thread_ts"] == root
    assert message["text"] == "see"
    assert message["files"][0]["title"] == "A chart"


@pytest.mark.parametrize(
    ("args", "error"),
    [
        ({"channel_id": "C0NOSUCHONE"}, "channel_not_found"),
        ({"channel_id": "C0GENERAL01"}, "not_in_channel"),
        ({"channel_id": "C0INCIDENTS", "thread_ts": "1.2"}, "thread_not_found"),
    ],
)
def test_a_file_needs_a_place_the_app_may_post_to(
    args: dict[str, str], error: str, shared: LocalSlack
) -> None:
    assert upload(shared, picture(), **args)["error"] == error


def test_what_was_never_uploaded_is_not_found(shared: LocalSlack) -> None:
    first = shared.api("files.getUploadURLExternal", filename="x.png", length=3)

    assert (
        shared.api("files.completeUploadExternal", files=[{"id": first["file_id"]}])["error"]
        == "file_not_found"
    )
    assert shared.api("files.info", file="F0NOSUCHONE")["error"] == "file_not_found"


@pytest.mark.parametrize("args", [{"length": 3}, {"filename": "x.png"}, {"filename": "x.png", "length": 0}])
def test_an_upload_needs_a_name_and_a_length(args: dict[str, Any], shared: LocalSlack) -> None:
    assert shared.api("files.getUploadURLExternal", **args)["error"] == "invalid_arguments"


def test_an_upload_is_completed_for_some_files(shared: LocalSlack) -> None:
    assert shared.api("files.completeUploadExternal", files=[])["error"] == "invalid_arguments"


@pytest.mark.parametrize("token", ["nobody", "app_token"])
def test_a_download_with_a_wrong_token_is_a_page_to_sign_in(token: str, shared: LocalSlack) -> None:
    file = upload(shared, picture())["files"][0]
    headers = {"Authorization": f"Bearer {shared.ready.get(token, token)}"}

    answer = shared.http.get(file["url_private_download"], headers=headers)

    assert answer.status_code == 302
    assert answer.headers["location"].startswith("/?redir=")


def test_an_upload_address_serves_once(shared: LocalSlack) -> None:
    first = shared.api("files.getUploadURLExternal", filename="x.png", length=3)

    assert shared.http.post(first["upload_url"], content=b"abc").status_code == 200
    assert shared.http.post(first["upload_url"], content=b"abc").status_code == 404


def test_a_private_download_needs_the_token(shared: LocalSlack) -> None:
    data = picture()
    file = upload(shared, data)["files"][0]
    headers = {"Authorization": f"Bearer {shared.ready['bot_token']}"}

    with_token = shared.http.get(file["url_private_download"], headers=headers)
    without = shared.http.get(file["url_private"], follow_redirects=True)

    assert with_token.content == data
    assert with_token.headers["content-type"] == "image/png"
    assert without.status_code == 200
    assert without.headers["content-type"].startswith("text/html")


def test_the_sdks_upload_works(slack: LocalSlack) -> None:
    client = WebClient(token=slack.ready["bot_token"], base_url=slack.ready["api"])
    client.files_upload_v2(
        file_uploads=[
            {"filename": "chart.png", "content": picture(), "title": "A chart", "alt_txt": "a chart"},
            {"filename": "log.txt", "content": "hello", "title": "A log"},
        ],
        channel=slack.channels["incidents"],
        initial_comment="Two files",
    )
    slack.advance(1)

    message = eventually(lambda: [m for m in slack.messages() if m.get("files")])[0]
    assert [f["pretty_type"] for f in message["files"]] == ["PNG", "Plain Text"]
