"""The wire: which service and operation a request names, its parameters, and answers in the same protocol.

Parsing, routing and serialising follow botocore's models, by moto's parsers and serialisers.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from uuid import uuid4

from botocore.utils import parse_to_aware_datetime
from moto.core.model import OperationModel, ServiceModel
from moto.core.parse import PROTOCOL_PARSERS
from moto.core.request import Request as MotoRequest
from moto.core.routing import get_service_router
from moto.core.serialize import SerializationContext, get_serializer_class
from moto.core.utils import get_service_model
from werkzeug.exceptions import NotFound

from workers.sandbox.front import cbor
from workers.sandbox.front.refusal import CloudError, Form

# Signing names that differ from the names of botocore's models.
_SIGNED_AS = {
    "monitoring": "cloudwatch",
    "elasticloadbalancing": "elbv2",
    "email": "ses",
    "states": "stepfunctions",
}
_SCOPE = re.compile(r"Credential=([^/,\s]+)/(\d{8})/([^/]+)/([^/]+)/aws4_request")


@dataclass(frozen=True)
class Signature:
    """What an Authorization header says."""

    key: str
    region: str
    service: str
    date: str


@dataclass(frozen=True)
class Answer:
    """An HTTP answer."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Request:
    """One AWS request, read as far as its service and operation are known."""

    def __init__(self, environ: dict[str, Any]) -> None:
        """Nothing is parsed before it is asked for."""
        self.inner = MotoRequest(environ)
        self.inner.from_wsgi_server = True
        self.body = self.inner.get_data(cache=True, parse_form_data=False)
        self.method = self.inner.method
        self.url = self.inner.raw_url
        self.headers = dict(self.inner.headers.items())
        self.id = str(uuid4())

    @cached_property
    def signature(self) -> Signature | None:
        """Key and scope of the signature, None when there is none."""
        found = _SCOPE.search(self.headers.get("Authorization", ""))
        date = self.headers.get("X-Amz-Date", "")
        return Signature(found[1], found[3], found[4], date) if found and date else None

    @cached_property
    def service(self) -> str | None:
        """The service by botocore's name."""
        if self.signature is None:
            return None
        return _SIGNED_AS.get(self.signature.service, self.signature.service)

    @cached_property
    def model(self) -> ServiceModel | None:
        """The service's model; None for a service that botocore does not know by this name."""
        try:
            return get_service_model(self.service) if self.service else None
        except Exception as error:
            if type(error).__name__ != "UnknownServiceError":
                raise
            return None

    @cached_property
    def protocol(self) -> str:
        """The protocol the caller speaks; only the REST ones take a look at the service's model."""
        kind = self.inner.content_type or ""
        if self.headers.get("Smithy-Protocol") == "rpc-v2-cbor":
            return "smithy-rpc-v2-cbor"
        if kind.startswith("application/x-www-form-urlencoded"):
            return "ec2" if self.service == "ec2" else "query"
        if "amz-json" in kind or self.model is None:
            return "json"
        return str(self.model.protocol)

    @cached_property
    def _match(self) -> tuple[OperationModel | None, dict[str, Any]]:
        if self.model is None:
            return None, {}
        if self.protocol == "smithy-rpc-v2-cbor":
            name = self.inner.path.rpartition("/operation/")[2]
            known = name in self.model.operation_names
            return (self.model.operation_model(name) if known else None), {}
        try:
            return get_service_router(str(self.service)).match(self.inner)
        except (NotFound, NotImplementedError):
            return None, {}

    @property
    def operation_model(self) -> OperationModel | None:
        """The operation's model."""
        return self._match[0]

    @cached_property
    def operation(self) -> str | None:
        """The operation's name, as far as the request itself can tell; None when it names none."""
        if self.protocol in ("query", "ec2"):
            return self.inner.values.get("Action") or None
        if self.protocol == "json":
            return self.headers.get("X-Amz-Target", "").rpartition(".")[2] or None
        return str(self._match[0].name) if self._match[0] else None

    @cached_property
    def params(self) -> dict[str, Any]:
        """The parameters, with times in epoch seconds."""
        operation, url_params = self._match
        if operation is None or operation.input_shape is None:
            return {}
        if self.protocol == "smithy-rpc-v2-cbor":
            return cbor.decode(self.body)
        parser = PROTOCOL_PARSERS[self.protocol](operation, timestamp_parser=_epoch)
        return parser.parse(
            {
                "method": self.method,
                "values": self.inner.values,
                "headers": self.inner.headers,
                "body": self.body,
                "url_path": self.inner.path,
                "url_params": url_params,
            }
        )

    def refuse(self, form: Form, message: str) -> CloudError:
        """A refusal in the form of this request's protocol."""
        kept = self.protocol == "json" and self.model is not None and self.model.is_query_compatible
        return form.error(self.protocol, message, kept)

    # ---- answers ----

    def answer(self, result: Mapping[str, Any]) -> Answer:
        """The result of the operation, serialised."""
        operation = self.operation_model
        assert operation is not None
        if self.protocol == "smithy-rpc-v2-cbor":
            return self._cbor(200, cbor.encode(result, operation.output_shape))
        if self.protocol == "json":
            # The names in these models are those on the wire, and times may be plain numbers.
            version = operation.service_model.metadata.get("jsonVersion", "1.0")
            kind = f"application/x-amz-json-{version}"
            return Answer(200, self._named({"Content-Type": kind}), json.dumps(result).encode())
        return self._serialised(operation, result)

    def fail(self, error: CloudError) -> Answer:
        """An error, serialised."""
        if self.protocol == "smithy-rpc-v2-cbor":
            headers = {"x-amzn-query-error": f"{error.code};Sender"}
            return self._cbor(error.status or 400, cbor.error(error.code, error.message), headers)
        # A refusal needs no model of the service; some are a hundred megabytes once they are read.
        model = self.__dict__.get("model") or get_service_model("sts")
        operation = OperationModel({}, model)
        answer = self._serialised(operation, error)
        return Answer(error.status or answer.status, answer.headers, answer.body)

    def _serialised(self, operation: OperationModel, result: object) -> Answer:
        serializer = get_serializer_class(operation.service_model.service_name, self.protocol)
        done = serializer(operation, SerializationContext(self.id)).serialize(result)
        body = done["body"]
        return Answer(
            done["status_code"],
            self._named(done["headers"]),
            body if isinstance(body, bytes) else body.encode(),
        )

    def _cbor(self, status: int, body: bytes, headers: Mapping[str, str] | None = None) -> Answer:
        kinds = {"Content-Type": "application/cbor", "smithy-protocol": "rpc-v2-cbor"}
        return Answer(status, self._named({**kinds, **(headers or {})}), body)

    def _named(self, headers: Mapping[str, str]) -> dict[str, str]:
        return {**headers, "x-amzn-RequestId": self.id}


def _epoch(value: Any) -> float:
    return parse_to_aware_datetime(value).timestamp()
