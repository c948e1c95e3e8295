"""Amazon's event stream, as Bedrock wraps the events of a Messages API in it; imports nothing of ours.

https://docs.aws.amazon.com/AmazonS3/latest/API/RESTSelectObjectAppendix.html describes the encoding.
"""

import base64
import json
import re
import struct
import zlib
from typing import Any
from urllib.parse import unquote

_PATH = re.compile(r"/model/([^/]+)/invoke-with-response-stream$")


def unwrapped(path: str, headers: dict[str, str], body: dict[str, Any]) -> dict[str, Any] | None:
    """The body as the Messages API knows it; `None` where the request is not signed or not Bedrock's."""
    model, signed = _PATH.match(path), headers.get("authorization", "")
    if not model or not signed.startswith("AWS4-HMAC-SHA256 ") or "anthropic_version" not in body:
        return None
    rest = {key: value for key, value in body.items() if key not in ("anthropic_version", "anthropic_beta")}
    return {**rest, "model": unquote(model[1]), "stream": True}


def wrapped(event: dict[str, Any]) -> bytes:
    """One event as one frame."""
    payload = json.dumps({"bytes": base64.b64encode(json.dumps(event).encode()).decode()}).encode()
    headers = b"".join(
        bytes([len(name)]) + name.encode() + b"\x07" + struct.pack(">H", len(value)) + value.encode()
        for name, value in (
            (":message-type", "event"),
            (":event-type", "chunk"),
            (":content-type", "application/json"),
        )
    )
    prelude = struct.pack(">II", 16 + len(headers) + len(payload), len(headers))
    frame = prelude + struct.pack(">I", zlib.crc32(prelude)) + headers + payload
    return frame + struct.pack(">I", zlib.crc32(frame))
