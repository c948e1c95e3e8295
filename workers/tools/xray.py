"""X-Ray's service graph: who called whom, how often, how long that took and how often it failed."""

from collections.abc import Mapping
from typing import Any

from workers.domain.telemetry import Edge, Resource
from workers.domain.window import Window
from workers.tools.aws import Aws

SOURCE = "aws:xray"
CLIENT = "client"
"""The type of whoever stands before the first service: users."""

Node = dict[str, Any]


def graph(aws: Aws, window: Window) -> list[Node]:
    """The nodes of a window (six hours at most); none where nothing was traced."""
    return aws.pages("xray", "get_service_graph", "Services", StartTime=window.start, EndTime=window.end)


def edges(nodes: list[Node], known: Mapping[str, Resource]) -> list[Edge]:
    """Who calls whom, of what is known and of hosts outside."""
    found = {
        (caller, callee): Edge(caller=caller, callee=callee, source=SOURCE)
        for one, other, _ in calls(nodes)
        if (caller := place(one, known)) in known and (callee := place(other, known)) and caller != callee
    }
    return list(found.values())


def calls(nodes: list[Node]) -> list[tuple[Node, Node, Node]]:
    """Each edge of a graph: who calls, who is called, and what came of it."""
    by_id = {node.get("ReferenceId"): node for node in nodes}
    return [
        (node, by_id[edge["ReferenceId"]], edge)
        for node in nodes
        for edge in node.get("Edges", [])
        if node.get("Type") != CLIENT and edge.get("ReferenceId") in by_id
    ]


def place(node: Node, known: Mapping[str, Resource]) -> str:
    """What a node is called here: a thing that is known, or a host outside; empty for what is neither."""
    names = [node.get("Name", ""), *node.get("Names", [])]
    hosts = [name.rpartition("@")[2] for name in names]
    for resource in known.values():
        if resource.name in names or ((e := resource.attributes.get("endpoint")) and e in hosts):
            return resource.name
    remote = node.get("Type") == "remote" and "." in names[0] and not names[0].endswith(".amazonaws.com")
    return names[0] if remote else ""


def counted(statistics: Node) -> dict[str, float]:
    """Requests, errors of callers, faults, throttles and the mean seconds of a node or an edge."""
    summary: Node = statistics.get("SummaryStatistics") or {}
    errors: Node = summary.get("ErrorStatistics") or {}
    faults: Node = summary.get("FaultStatistics") or {}
    total = summary.get("TotalCount", 0)
    return {
        "requests": total,
        "errors": errors.get("TotalCount", 0),
        "faults": faults.get("TotalCount", 0),
        "throttles": errors.get("ThrottleCount", 0),
        "seconds": round(summary.get("TotalResponseTime", 0.0) / total, 4) if total else 0.0,
    }
