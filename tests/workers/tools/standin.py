"""AWS as its models have it, over HTTP: it answers what a test says, in the caller's protocol, else nothing.

What it answers is held against the models, too, so that no test rests on an answer that AWS would not give.
"""

import json
import threading
from collections import Counter
from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager
from datetime import datetime
from typing import Any, cast

from boto3.session import Session
from botocore.config import Config
from botocore.validate import ParamValidator
from werkzeug.serving import make_server

from workers.domain.call import ToolCall, ToolResult
from workers.safety.gate import Gate
from workers.sandbox.front.wire import Answer, Request
from workers.tools import AWS
from workers.tools.aws import Aws
from workers.tools.inventory import Account

REGION = "eu-central-1"
FAST = Config(retries={"total_max_attempts": 1}, connect_timeout=2, read_timeout=5)
Reply = dict[str, Any]


class Refusal(Exception):
    """An error answer of AWS: its code, what it says, its HTTP status."""

    def __init__(self, code: str, message: str, status: int) -> None:
        super().__init__(message)
        self.code, self.status = code, status

    def told(self, protocol: str) -> Answer:
        if protocol == "query":
            error = f"<Error><Code>{self.code}</Code><Message>{self}</Message></Error>"
            return Answer(self.status, {}, f"<ErrorResponse>{error}</ErrorResponse>".encode())
        body = json.dumps({"__type": self.code, "message": str(self)}).encode()
        return Answer(self.status, {"x-amzn-ErrorType": self.code}, body)


Says = Reply | Refusal | Callable[[Reply], Reply]


class Standin:
    """`says` holds what each operation answers: one answer for all calls, or a list of one for each."""

    def __init__(self) -> None:
        self.says: dict[str, Says | list[Says]] = {}
        self.asked: Counter[str] = Counter()
        self.parameters: list[tuple[str, Reply]] = []
        self.url = ""

    def clear(self) -> None:
        self.says, self.parameters = {}, []
        self.asked.clear()

    def deny(self, *names: str) -> None:
        """Answer these (`service:Operation`) that they may not be asked."""
        for name in names:
            self.says[name] = Refusal("AccessDeniedException", "no policy allows it", 403)

    def throttle(self, *names: str) -> None:
        for name in names:
            self.says[name] = Refusal("ThrottlingException", "Rate exceeded", 400)

    def account(self) -> Account:
        session = Session("AKIA" + "A" * 16, "s" * 40, region_name=REGION)
        return Account(Aws(session, REGION, endpoint_url=self.url, config=FAST))

    def __call__(self, environ: Reply, start_response: Callable[..., Any]) -> Iterable[bytes]:
        request = Request(environ)
        name = f"{request.service}:{request.operation}"
        try:
            answer = request.answer(self._answer(name, request))
        except Refusal as error:
            answer = error.told(request.protocol)
        headers = {**answer.headers, "Content-Length": str(len(answer.body))}
        start_response(f"{answer.status} Answer", list(headers.items()))
        return [answer.body]

    def _answer(self, name: str, request: Request) -> Reply:
        self.asked[name] += 1
        self.parameters.append((name, request.params))
        says = self.says.get(name, {})
        if isinstance(says, list):
            says = says[min(self.asked[name], len(says)) - 1]
        if isinstance(says, Refusal):
            raise says
        found = cast(Reply, says(request.params) if callable(says) else says)
        shape: Any = request.operation_model.output_shape if request.operation_model else None
        if found and shape is not None:
            report = ParamValidator().validate(found, shape)
            assert not report.has_errors(), f"{name}: {report.generate_report()}"
        return cast(Reply, _seconds(found))


def _seconds(value: Any) -> Any:
    """Times as the numbers that the wire has for them."""
    if isinstance(value, datetime):
        return value.timestamp()
    if isinstance(value, dict):
        return {key: _seconds(one) for key, one in cast(Reply, value).items()}
    return [_seconds(one) for one in cast(list[Any], value)] if isinstance(value, list) else value


def ask(account: Account, now: datetime, name: str, **arguments: Any) -> ToolResult:
    """One call through the gate that a worker asks through."""
    gate = Gate([(toolset, account) for toolset in AWS], lambda: now)
    return gate.run(ToolCall(name=name, arguments=arguments))


@contextmanager
def standin() -> Generator[Standin]:
    one = Standin()
    server = make_server("127.0.0.1", 0, cast(Any, one), threaded=True)
    one.url = f"http://127.0.0.1:{server.port}"
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    try:
        yield one
    finally:
        server.shutdown()
