"""CBOR, as the smithy-rpc-v2-cbor protocol uses it, by botocore's own encoder and decoder."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import numpy as np
from botocore.model import Shape, StringShape
from botocore.parsers import RpcV2CBORParser
from botocore.serialize import RpcV2CBORSerializer

_FLOAT_ITEM = np.dtype([("head", "u1"), ("value", ">f8")])
_TIME_ITEM = np.dtype([("tag", "u1"), ("head", "u1"), ("value", ">f8")])
_MANY = 16


# botocore has no types, and what it takes to encode one item is private in it.
_Serializer: Any = RpcV2CBORSerializer


class _Encoder(_Serializer):
    """botocore's encoder, with long lists of numbers and times written in one go."""

    def _serialize_type_list(self, serialized: bytearray, value: Any, shape: Any, key: Any) -> None:
        kind = shape.member.type_name
        if kind not in ("double", "timestamp") or len(value) < _MANY:
            super()._serialize_type_list(serialized, value, shape, key)
            return
        extra, width = self._get_additional_info_and_num_bytes(len(value))
        serialized += self._get_initial_byte(self.LIST_MAJOR_TYPE, extra)
        serialized += len(value).to_bytes(width, "big") if width else b""
        items = np.zeros(len(value), _FLOAT_ITEM if kind == "double" else _TIME_ITEM)
        items["value"], items["head"] = value, 0xFB
        if kind == "timestamp":
            items["tag"] = 0xC1
        serialized += items.tobytes()


def encode(result: Mapping[str, Any], shape: Shape | None) -> bytes:
    """An answer of this shape."""
    body = bytearray()
    if shape is None:
        return b"\xa0"
    _Encoder()._serialize_data_item(body, result, shape)
    return bytes(body)


def error(code: str, message: str) -> bytes:
    """An error's body."""
    encoder, body = _Encoder(), bytearray(b"\xa2")
    text = StringShape("String", {"type": "string"})
    for word in ("__type", code, "message", message):
        encoder._serialize_data_item(body, word, text)
    return bytes(body)


def decode(body: bytes) -> dict[str, Any]:
    """A request's parameters, with times in epoch seconds."""
    if not body:
        return {}
    parser = RpcV2CBORParser()
    return _plain(parser.parse_data_item(parser.get_peekable_stream_from_bytes(body)))


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.timestamp()
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list) else value
