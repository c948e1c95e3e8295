"""Who needs whom, from what AWS itself knows: environment variables and event sources."""

from typing import Any
from urllib.parse import urlparse

from workers.domain.telemetry import Edge, Resource
from workers.tools.survey import function_name


def needed(needs: dict[str, dict[str, str]], resources: dict[str, Resource]) -> list[Edge]:
    """Who needs whom, from what each task and function is configured with.

    A queue named by a service that no balancer serves is one it works off: the queue needs it, not the
    other way round.
    """
    found: dict[tuple[str, str], Edge] = {}
    for caller, environment in needs.items():
        for variable, value in sorted(environment.items()):
            callee = endpoint(value, resources)
            if not callee or callee == caller or caller not in resources:
                continue
            pair = (callee, caller) if _drains(caller, callee, resources) else (caller, callee)
            source = f"aws:environment {variable}"
            found.setdefault(pair, Edge(caller=pair[0], callee=pair[1], source=source))
    return list(found.values())


def _drains(caller: str, callee: str, resources: dict[str, Resource]) -> bool:
    queue = callee in resources and resources[callee].kind == "queue"
    consumer = resources[caller]
    behind = "target_group" in consumer.attributes
    return queue and consumer.kind == "service" and not behind


def drained(mapping: dict[str, Any]) -> Edge:
    return Edge(
        caller=mapping["EventSourceArn"].rsplit(":", 1)[-1],
        callee=function_name(mapping["FunctionArn"])[0],
        source="aws:event-source",
    )


def outside(name: str) -> Resource:
    """What somebody needs and no listing showed: a host, or a queue that we may not see."""
    if "." in name and not name.endswith(".fifo"):
        return Resource(name=name, kind="external", id=name, system="internet")
    return Resource(name=name, kind="unknown", id=name, system="aws")


def endpoint(value: str, known: dict[str, Resource]) -> str:
    """The resource or outside host that an environment variable's value points at, or an empty string."""
    if value.startswith("arn:"):
        name = value.rsplit(":", 1)[-1].rsplit("/", 1)[-1]
        return name if name in known else ""
    if "://" not in value:
        return ""
    try:
        url = urlparse(value)
    except ValueError:  # "https://[x": whatever it is, it is no address
        return ""
    host = url.hostname or ""
    last = url.path.rstrip("/").rsplit("/", 1)[-1]
    if host.startswith("sqs.") or (last in known and known[last].kind == "queue"):
        return last
    for resource in known.values():
        if host and host in (resource.attributes.get("endpoint"), resource.name):
            return resource.name
    first = host.split(".")[0]
    if first in known:
        return first
    public = "." in host and not host.endswith((".internal", ".local", ".amazonaws.com"))
    return host if public and not host.replace(".", "").isdigit() else ""
