"""The Messages API as Bedrock offers it: signed, its events in Amazon's stream; imports nothing of ours.

https://docs.aws.amazon.com/AmazonS3/latest/API/RESTSelectObjectAppendix.html describes the encoding.
"""

import base64
import json
import re
import struct
import zlib
from urllib.parse import unquote

from tests.model_server import Body, Headers, Invalid

ERRORS = {
    400: "ValidationException",
    403: "AccessDeniedException",
    404: "ResourceNotFoundException",
    429: "ThrottlingException",
    503: "ServiceUnavailableException",
}
_PATH = re.compile(r"/model/([^/]+)/invoke-with-response-stream$")


def opens(path: str) -> bool:
    """Whether this is the way to Bedrock."""
    return path.startswith("/model/")


def unwrapped(path: str, headers: Headers, body: Body) -> Body:
    """The body as the Messages API knows it."""
    model = _PATH.match(path)
    if not model:
        raise Invalid("Unknown operation", 404)
    if not headers.get("authorization", "").startswith("AWS4-HMAC-SHA256 "):
        raise Invalid("Missing Authentication Token", 403)
    if "anthropic_version" not in body:
        raise Invalid("anthropic_version: Field required")
    rest = {key: value for key, value in body.items() if key not in ("anthropic_version", "anthropic_beta")}
    if "model" in rest or "stream" in rest:
        raise Invalid("Extra inputs are not permitted")
    return {**rest, "model": unquote(model[1]), "stream": True}


def error(status: int, message: str) -> tuple[Body, Headers]:
    """An error in Amazon's words."""
    return {"message": message}, {"x-amzn-errortype": ERRORS.get(status, "InternalServerException")}


def wrapped(event: Body) -> bytes:
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
