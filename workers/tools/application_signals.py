"""Application Signals: who calls whom, as it saw it."""

from collections.abc import Mapping
from typing import Any

from workers.domain.telemetry import Edge, Resource
from workers.domain.window import Window
from workers.tools.aws import Aws

SOURCE = "aws:application-signals"
MOST = 50
"""Services that are asked what they depend on, one call each."""


Call = tuple[str, tuple[str, ...]]
"""Who calls, and the names of what is called."""


def calls(aws: Aws, window: Window) -> list[Call]:
    """Who called what in a window (a day at most); none where nothing is monitored."""
    times: dict[str, Any] = {"StartTime": window.start, "EndTime": window.end}
    services: list[dict[str, str]] = aws.pages(
        "application-signals", "list_services", "ServiceSummaries[].KeyAttributes", limit=MOST, **times
    )

    def needed(caller: dict[str, str]) -> Call:
        found: list[dict[str, str]] = aws.pages(
            "application-signals",
            "list_service_dependencies",
            "ServiceDependencies[].DependencyKeyAttributes",
            KeyAttributes=caller,
            **times,
        )
        names = (name for one in found for key in ("Identifier", "Name") if (name := one.get(key)))
        return caller.get("Name", ""), tuple(dict.fromkeys(names))

    return aws.each(needed, services)


def edges(found: list[Call], known: Mapping[str, Resource]) -> list[Edge]:
    """Who calls whom, of what is known."""
    return [
        Edge(caller=caller, callee=callee, source=SOURCE)
        for caller, callees in found
        for callee in callees
        if caller in known and callee in known and caller != callee
    ]
