"""How services word their log lines: by language, from the data in wording.yaml."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from workers.sandbox.estate.names import ACCOUNT, Names, arn, number
from workers.sandbox.model.spec import Application, Edge, Language

_LEVELS = {"python": {"WARN": "WARNING", "FATAL": "CRITICAL"}, "java": {"WARNING": "WARN"}}


@cache
def wording() -> Mapping[str, Any]:
    """The whole of wording.yaml."""
    return yaml.safe_load(Path(__file__).with_name("wording.yaml").read_text())


@dataclass(frozen=True)
class Voice:
    """One service's way of writing."""

    application: Application
    service: str

    @property
    def language(self) -> Language:
        """What the service is written in."""
        return self.application.services[self.service].language

    @property
    def words(self) -> Mapping[str, Any]:
        """The service's part of wording.yaml."""
        return wording()[self.language]

    def line(self, at: float, level: str, text: str, logger: str = "app", **fields: object) -> str:
        """A line in the language's usual format."""
        level = _LEVELS.get(self.language, {}).get(level, level)
        stamp = datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3]
        if self.words["format"] == "json":
            record = {"timestamp": f"{stamp}Z", "level": level, "logger": f"{self.service}.{logger}"}
            return json.dumps(record | {"message": text} | fields)
        pairs = " ".join(f"{key}={_quoted(value)}" for key, value in fields.items())
        if self.words["format"] == "logfmt":
            return f'time={stamp}Z level={level} msg="{text}" {pairs}'.rstrip()
        package = f"com.{self.application.name}.{self.service}.{logger.capitalize()}"
        thread = f"exec-{1 + int(at * 1000) % 23}"
        return f"{stamp.replace('T', ' ')} {level:>5} [{thread}] {package} - {text} {pairs}".rstrip()

    def exception(self, at: float, fault: Mapping[str, Any], path: str, request: str) -> str:
        """An unhandled exception while serving `path`, with its trace."""
        text = f"{fault['kind']}: {self._named(fault['message'])}"
        trace = self._trace(fault)
        if self.words["format"] == "json":
            return self.line(at, "ERROR", text, "errors", path=path, request_id=request, trace=trace)
        if self.words["format"] == "logfmt":
            return self.line(at, "ERROR", text, path=path, request_id=request) + f"\n{trace}"
        return self.line(at, "ERROR", f"Request failed: {path}", "errors") + f"\n{text}\n{trace}"

    def _trace(self, fault: Mapping[str, Any]) -> str:
        frame, caller = (self._named(text) for text in fault["frames"])
        caller, _, caller_line = caller.rpartition(":")
        parts = {
            "kind": fault["kind"],
            "message": self._named(fault["message"]),
            "file": self._named(fault["file"]),
            "line": str(fault["line"]),
            "frame": frame,
            "caller": caller,
            "caller_line": caller_line,
        }
        return _filled(self.words["trace"], parts)

    def _named(self, text: str) -> str:
        names = {"app": self.application.name, "service": self.service, "Service": self.service.capitalize()}
        return _filled(text, names)

    def failure(
        self, at: float, reason: str, edge: Edge | None, path: str, request: str, since: float
    ) -> str:
        """A request that failed because of what it depends on: `reason` is the model's, and holds `since`."""
        kind, _, part = reason.partition(" ")
        if kind in wording()["refusals"]:
            text = self._refusal(kind, part, edge, at, since)
            return self.line(at, "ERROR", text, "client", path=path, request_id=request)
        wordings = {
            "pool": self._pool,
            "timeout": self._timeout,
            "error": self._answered,
            "refused": self._refused,
        }
        text = wordings[kind](part, edge, number(89, request))
        logger = "pool" if kind == "pool" else "client"
        return self.line(at, "ERROR", text, logger, path=path, request_id=request)

    def _refusal(self, kind: str, part: str, edge: Edge | None, at: float, since: float) -> str:
        words = wording()["refusals"][kind]
        names = Names(self.application.name)
        parts = {
            "address": self.address(part),
            "part": part,
            "since": _instant(since),
            "now": _instant(at),
            "wait": f"{min(edge.timeout_ms if edge else 3000, 30000):.0f}",
            "role": f"{ACCOUNT}:assumed-role/{names.family(self.service)}",
            "arn": arn("sqs", part),
            "file": f"base/16401/{16384 + number(9000, part)}",
        }
        return _filled(words.get(self.application.kind(part)) or words["other"], parts)

    def _pool(self, part: str, edge: Edge | None, chance: int) -> str:
        size, wait = (int(edge.pool or 0), edge.pool_wait_ms) if edge else (10, 2000)
        parts = {
            "size": f"{size}",
            "wait": f"{wait + chance % 9:.0f}",
            "seconds": f"{wait / 1000:.2f}",
            "waiting": f"{5 + chance % 40}",
        }
        return _filled(self.words["pool"], parts)

    def _timeout(self, part: str, edge: Edge | None, chance: int) -> str:
        patience = edge.timeout_ms if edge else 3000
        if self.application.kind(part) == "database":
            return f"query on {part} failed: canceling statement due to statement timeout ({patience:.0f} ms)"
        if self.application.kind(part) == "cache":
            return f"cache {part}: no answer within {patience:.0f} ms"
        tries = f" (attempt {edge.retries + 1:.0f}/{edge.retries + 1:.0f})" if edge and edge.retries else ""
        return f"call to {self.address(part)} timed out after {patience:.0f} ms{tries}"

    def _answered(self, part: str, edge: Edge | None, chance: int) -> str:
        status = 500 if self.application.kind(part) == "service" else (502, 503, 500)[chance % 3]
        if self.application.kind(part) == "service" and self.application.answers(part):
            status = (500, 502)[chance % 2]
        return f"call to {self.address(part)} failed: upstream answered {status}"

    def _refused(self, part: str, edge: Edge | None, chance: int) -> str:
        # The balancer's own answer where a function is throttled.
        functions = self.application.kind(part) == "service" and self.application.answers(part)
        status = "502 Bad Gateway" if functions else "503 Service Unavailable"
        return f"call to {self.address(part)} failed: upstream answered {status}"

    def address(self, part: str) -> str:
        """Where the service reaches a part."""
        kind = self.application.kind(part)
        if kind == "external":
            return self.application.externals[part].url
        if kind == "service":
            return f"http://{part}.{self.application.domain}"
        return part


def _instant(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _filled(text: str, names: Mapping[str, str]) -> str:
    for name, value in names.items():
        text = text.replace("{" + name + "}", value)
    return text


def _quoted(value: object) -> str:
    text = str(value)
    return f'"{text}"' if " " in text else text
