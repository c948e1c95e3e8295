"""Who needs whom, from what AWS itself knows: settings, event sources, policies, balancers, groups."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import urlparse

from workers.domain.telemetry import Edge, Resource
from workers.tools.beyond import Admission
from workers.tools.references import Reference, references
from workers.tools.survey import function_name

HOST = re.compile(r"([\w-]+(?:\.[\w-]+)+)(?::\d+)?")
"""An address without what goes before it."""
CLUSTER = "eks:cluster-name"
"""The tag by which EKS marks its nodes."""
STORES = ("database", "cache")
Known = Mapping[str, Resource]
Called = Mapping[Reference, str]
"""The names under which references are known."""


def needed(needs: Mapping[str, Mapping[str, str]], known: Known, called: Called) -> list[Edge]:
    """Who needs whom, from what each task and function is configured with.

    A queue named by a service that no balancer serves is one it works off: the queue needs it, not the
    other way round.
    """
    found: dict[tuple[str, str], Edge] = {}
    for caller, environment in needs.items():
        for variable, value in sorted(environment.items()):
            callee = _meant(value, variable, called) or endpoint(value, known)
            if not callee or callee == caller or caller not in known:
                continue
            pair = (callee, caller) if _drains(caller, callee, known) else (caller, callee)
            source = f"aws:environment {variable}"
            found.setdefault(pair, Edge(caller=pair[0], callee=pair[1], source=source))
    return list(found.values())


def _meant(value: str, variable: str, called: Called) -> str:
    return next((called[one] for one in references(value, variable) if one in called), "")


def _drains(caller: str, callee: str, known: Known) -> bool:
    queue = callee in known and known[callee].kind == "queue"
    consumer = known[caller]
    behind = "target_group" in consumer.attributes
    return queue and consumer.kind == "service" and not behind


def drained(mappings: Iterable[Mapping[str, Any]], called: Called) -> Iterator[Edge]:
    """What functions read from: queues and streams. A Kafka of one's own has no ARN."""
    for mapping in mappings:
        arn, function = mapping.get("EventSourceArn", ""), function_name(mapping["FunctionArn"])[0]
        if caller := _meant(arn, "", called) or arn.rsplit(":", 1)[-1]:
            yield Edge(caller=caller, callee=function, source="aws:event-source")


def visiting(visitors: Mapping[str, Iterable[str]], called: Called) -> Iterator[Edge]:
    """What may come to functions and queues by their policies: rules, topics, buckets, APIs."""
    for callee, arns in visitors.items():
        callers = dict.fromkeys(_meant(arn, "", called) for arn in arns)
        yield from (Edge(caller=one, callee=callee, source="aws:policy") for one in callers if one)


def balanced(known: Known) -> Iterator[Edge]:
    """Which balancer passes requests on to whom."""
    doors = {r.attributes["load_balancer"]: r.name for r in known.values() if r.kind == "balancer"}
    for one in known.values():
        door = doors.get(one.attributes.get("load_balancer", ""))
        if door and one.kind != "balancer":
            yield Edge(caller=door, callee=one.name, source="aws:balancer")


def hosted(known: Known, called: Called) -> Iterator[Edge]:
    """Which Kubernetes cluster runs on which group of instances."""
    for one in known.values():
        cluster = Reference(row="eks-clusters", name=one.tags.get(CLUSTER, ""))
        if cluster in called:
            yield Edge(caller=called[cluster], callee=one.name, source="aws:eks")


def tagged(stores: Iterable[Resource], known: Known) -> Iterator[Edge]:
    """A store and the only one that runs under the same tag."""
    for store in stores:
        own = [r.name for r in known.values() if store.part_of and _runs(r) and r.part_of == store.part_of]
        if len(own) == 1:
            yield Edge(caller=own[0], callee=store.name, source="aws:tag")


def admitted(stores: Iterable[Resource], known: Known, admissions: Iterable[Admission]) -> Iterator[Edge]:
    """Who may reach a store through its security groups; that it does nobody knows."""
    admissions = tuple(admissions)
    for store in stores:
        own, port = groups_of(store), int(store.attributes.get("port") or -1)
        let = {one.admits for one in admissions if one.group in own and one.opens(port)}
        for one in known.values():
            if _runs(one) and groups_of(one) & let:
                yield Edge(caller=one.name, callee=store.name, source="aws:security-group")


def _runs(one: Resource) -> bool:
    return one.kind in ("service", "function")


def groups_of(one: Resource) -> set[str]:
    return set(one.attributes.get("security_groups", "").split())


def outside(name: str) -> Resource:
    """What somebody needs and no listing showed: a host, or a queue that we may not see."""
    if "." in name and not name.endswith(".fifo"):
        return Resource(name=name, kind="external", id=name, system="internet")
    return Resource(name=name, kind="unknown", id=name, system="aws")


def endpoint(value: str, known: Known) -> str:
    """The resource or outside host that an environment variable's value points at, or an empty string."""
    if value.startswith("arn:"):
        name = value.rsplit(":", 1)[-1].rsplit("/", 1)[-1]
        return name if name in known else ""
    if "://" not in value:
        alone = HOST.fullmatch(value)
        return _at(alone[1].lower(), known) if alone else ""
    try:
        url = urlparse(value)
    except ValueError:  # "https://[x": whatever it is, it is no address
        return ""
    host = url.hostname or ""
    last = url.path.rstrip("/").rsplit("/", 1)[-1]
    if host.startswith("sqs.") or (last in known and known[last].kind == "queue"):
        return last
    if found := _at(host, known):
        return found
    if host in known:
        return host
    first = host.split(".")[0]
    if first in known:
        return first
    public = "." in host and not host.endswith((".internal", ".local", ".amazonaws.com"))
    return host if public and not host.replace(".", "").isdigit() else ""


def _at(host: str, known: Known) -> str:
    """The resource with this address."""
    return next(
        (r.name for r in known.values() if host and host == r.attributes.get("endpoint", "").lower()), ""
    )
