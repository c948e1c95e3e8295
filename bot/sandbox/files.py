"""Uploaded files: the address to upload to, the bytes, the download, and the object that describes them."""

import mimetypes
from dataclasses import dataclass, field
from typing import Any

from bot.sandbox import seeds
from bot.sandbox.clock import Clock
from bot.sandbox.errors import SlackError
from bot.sandbox.ids import Ids

# Slack completes uploads asynchronously: at first a file has no type, and blocks that show it are refused.
PROCESSING_SECONDS = 0.5
MAGIC = {
    b"\x89PNG\r\n\x1a\n": "image/png",
    b"\xff\xd8\xff": "image/jpeg",
    b"GIF8": "image/gif",
    b"%PDF": "application/pdf",
}
PRETTY = {
    "image/png": ("png", "PNG"),
    "image/jpeg": ("jpg", "JPEG"),
    "image/gif": ("gif", "GIF"),
    "application/pdf": ("pdf", "PDF"),
    "text/markdown": ("markdown", "Markdown (raw)"),
    "application/json": ("javascript", "JSON"),
}


@dataclass
class File:
    """`ready_at` is when its type becomes known; it is infinite until the upload is completed."""

    id: str
    name: str
    length: int
    created: int
    alt_text: str = ""
    title: str = ""
    data: bytes | None = None
    ready_at: float = float("inf")
    shares: dict[str, list[str]] = field(default_factory=dict)


class Files:
    """All files of the workspace."""

    def __init__(self, clock: Clock, ids: Ids, origin: str = "") -> None:
        self.origin = origin
        self._clock = clock
        self._ids = ids
        self._files: dict[str, File] = {}
        self._tickets: dict[str, str] = {}

    def expect(self, name: str, length: int, alt_text: str) -> tuple[File, str]:
        """A file to come, and the address that takes its bytes."""
        file = File(self._ids.new("F"), name, length, int(self._clock.now()), alt_text, title=name)
        self._files[file.id] = file
        ticket = self._ids.mixed(48)
        self._tickets[ticket] = file.id
        return file, f"{self.origin}/upload/v1/{ticket}"

    def receive(self, ticket: str, data: bytes) -> bool:
        """Keep the bytes; false when nobody asked for them."""
        id_ = self._tickets.pop(ticket, "")
        if id_:
            self._files[id_].data = data
        return bool(id_)

    def finish(self, id_: str, title: str) -> File:
        """The upload is complete; raises `file_not_found`."""
        file = self._files.get(id_)
        if file is None or file.data is None:
            raise SlackError("file_not_found")
        file.title = title or file.name
        file.ready_at = self._clock.now() + PROCESSING_SECONDS
        return file

    def get(self, id_: str) -> File:
        """By id; raises `file_not_found`."""
        file = self._files.get(id_)
        if file is None or file.ready_at == float("inf"):
            raise SlackError("file_not_found")
        return file

    def delete(self, id_: str) -> None:
        """Forget a file; raises `file_not_found`."""
        self.get(id_)
        del self._files[id_]

    def is_ready(self, file: File) -> bool:
        """Whether Slack is done with it."""
        return self._clock.now() >= file.ready_at

    def image(self, reference: dict[str, Any]) -> File | None:
        """The picture a `slack_file` object names by id or private address.

        `None` unless it is there, done and a picture.
        """
        for file in self._files.values():
            if reference.get("id") == file.id or reference.get("url") == self.url(file):
                return file if self.is_ready(file) and mimetype(file).startswith("image/") else None
        return None

    def url(self, file: File) -> str:
        """Where its bytes are, for those who have a token."""
        return f"{self.origin}/files-pri/{seeds.TEAM_ID}-{file.id}/{_slug(file.name)}"

    def card(self, file: File) -> dict[str, Any]:
        """Slack's file object; types are empty while the file is being processed."""
        ready = self.is_ready(file)
        kind = mimetype(file) if ready else ""
        filetype, pretty = PRETTY.get(kind, ("text", "Plain Text")) if ready else ("", "")
        card: dict[str, Any] = {
            "id": file.id,
            "created": file.created,
            "timestamp": file.created,
            "name": file.name,
            "title": file.title,
            "mimetype": kind,
            "filetype": filetype,
            "pretty_type": pretty,
            "user": seeds.BOT_USER_ID,
            "user_team": seeds.TEAM_ID,
            "editable": False,
            "size": len(file.data or b""),
            "mode": "hosted",
            "is_external": False,
            "external_type": "",
            "is_public": True,
            "public_url_shared": False,
            "display_as_bot": False,
            "username": "",
            "url_private": self.url(file),
            "url_private_download": self.url(file).replace(f"-{file.id}/", f"-{file.id}/download/"),
            "permalink": f"{self.origin}/files/{seeds.BOT_USER_ID}/{file.id}/{_slug(file.name)}",
            "media_display_type": "unknown",
            "alt_txt": file.alt_text,
            "channels": list(file.shares),
            "groups": [],
            "ims": [],
            "has_more_shares": False,
            "is_starred": False,
            "comments_count": 0,
            "has_rich_preview": False,
            "file_access": "visible",
            "shares": {"public": {c: [{"ts": ts} for ts in all_] for c, all_ in file.shares.items()}}
            if ready
            else {},
        }
        if kind == "image/png" and file.data and len(file.data) > 24:
            # The first chunk of a PNG holds its size.
            card["original_w"] = int.from_bytes(file.data[16:20], "big")
            card["original_h"] = int.from_bytes(file.data[20:24], "big")
        return card


def mimetype(file: File) -> str:
    """By its first bytes, else by its name."""
    for magic, kind in MAGIC.items():
        if file.data and file.data.startswith(magic):
            return kind
    return mimetypes.guess_type(file.name)[0] or "text/plain"


def _slug(name: str) -> str:
    return "".join(c if c.isalnum() or c in "._-" else "_" for c in name.lower())
