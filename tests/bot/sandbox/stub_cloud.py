"""A tiny cloud that can be broken: what the Break something panel asks, answered from a few fixed rows."""

import json
import math
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

APPLICATIONS = [
    {"id": "shop", "title": "Web shop", "description": "Checkout, catalogue and payments on containers"},
    {"id": "feed", "title": "Activity feed", "description": "Functions and queues"},
]
FAULTS = [
    {
        "id": "bad-deploy",
        "title": "A bad deployment",
        "description": "A new revision exhausts its connection pool",
    },
    {
        "id": "slow-database",
        "title": "A slow database",
        "description": "A missing index makes each query forty times dearer",
    },
    {
        "id": "cache-eviction",
        "title": "Cache eviction",
        "description": "The cache is too small and every read goes to the database",
    },
    {
        "id": "expired-certificate",
        "title": "An expired certificate",
        "description": "Calls to the payment gateway fail from one second to the next",
    },
    {
        "id": "queue-backlog",
        "title": "A queue that piles up",
        "description": "Consumers are throttled while producers go on",
    },
    {"id": "quiet", "title": "Nothing at all", "description": "The alarm is a false one"},
]
ALERT = {
    "title": "ALARM: checkout p99 latency above 800 ms",
    "text": "p99 of `TargetResponseTime` has been above 800 ms for 3 of 3 data points.",
    "service": "checkout-api",
    "alarm": "checkout-p99-latency",
    "severity": "high",
    "started_at": "2026-11-22T14:02:00Z",
    "fields": {"Service": "checkout-api", "Threshold": "800 ms", "Now": "2,140 ms", "Region": "eu-west-1"},
}
HINT = {
    "text": "It is always the database. Restart shop-db.",
    "service": "shop-db",
    "mode": "lock_contention",
}


class StubCloud:
    """Serves on a free port of 127.0.0.1; `cases` lists what was asked to break, `kills` counts."""

    def __init__(self) -> None:
        self.cases: list[dict[str, Any]] = []
        self.refuse = ""
        self.kills = 0
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        """Stop serving."""
        self._server.shutdown()
        self._server.server_close()

    def answer(self, path: str, body: Any) -> tuple[int, Any]:
        """Status and JSON for one request."""
        if path == "/_cloud/case":
            self.cases.append(body)
            return (409, {"error": self.refuse}) if self.refuse else (200, {"alert": ALERT})
        if path == "/kill":
            self.kills += 1
            return 200, {"pid": 4711}
        return 200, {
            "/_cloud/faults": FAULTS,
            "/_cloud/applications": APPLICATIONS,
            "/_cloud/pulse": _pulse(),
            "/_cloud/hint": HINT,
        }[path]

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        cloud = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the library's name
                pass

            def _serve(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                body = json.loads(self.rfile.read(length)) if length else None
                status, answer = cloud.answer(self.path, body)
                data = json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def do_GET(self) -> None:
                self._serve()

            def do_POST(self) -> None:
                self._serve()

        return Handler


def _pulse() -> dict[str, Any]:
    now = int(time.time())
    values = [220 + 40 * math.sin(i / 3) if i < 25 else 2100 + 180 * math.sin(i) for i in range(40)]
    points = [[now - (40 - i) * 60, round(value, 1)] for i, value in enumerate(values)]
    return {
        "metric": "checkout p99 latency",
        "unit": "ms",
        "threshold": 800,
        "state": "ALARM",
        "points": points,
    }
