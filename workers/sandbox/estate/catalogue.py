"""Which metrics an application has: AWS's own for its resources, and those that its services publish."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from workers.sandbox.estate.names import ZONES, Names
from workers.sandbox.estate.series import (
    Fields,
    Measure,
    Series,
    Values,
    by_run,
    counted,
    gauge,
    one_of,
    per_task,
    published,
    timed,
    timed_in,
    totalled,
)
from workers.sandbox.model.spec import Application

JOB_READS = 1900.0
"""Reads a second of a job that takes all of a database."""


@dataclass(frozen=True)
class Metric:
    """A row of the catalogue below: a metric that every part of one kind has."""

    name: str
    unit: str
    measure: Measure


BALANCED = (
    Metric("RequestCount", "Count", counted("requests")),
    Metric("TargetResponseTime", "Seconds", timed()),
    Metric("HTTPCode_Target_2XX_Count", "Count", counted("answered")),
    Metric("HTTPCode_Target_4XX_Count", "Count", counted("denied")),
    Metric("HTTPCode_Target_5XX_Count", "Count", counted("failed")),
    Metric("HealthyHostCount", "Count", gauge(lambda f: np.floor(f("tasks") + 0.5))),
    Metric("UnHealthyHostCount", "Count", gauge("unhealthy")),
)
# A target group of a function: Lambda answers or it does not, and nobody checks its health.
BEHIND = (
    *BALANCED[:4],
    Metric("HTTPCode_Target_5XX_Count", "Count", counted("caught")),
    Metric("LambdaUserError", "Count", counted(lambda f: f("crashed") + f("throttled"))),
)
INSIGHTS = (Metric("memory_utilization", "Percent", published(per_task("memory"))),)
TASKS = (
    Metric("CPUUtilization", "Percent", per_task("cpu")),
    Metric("MemoryUtilization", "Percent", per_task("memory")),
)
ON_INSTANCES = {
    "AWS/EC2": (
        Metric("CPUUtilization", "Percent", per_task("cpu")),
        Metric("StatusCheckFailed", "Count", one_of("impaired")),
        Metric("StatusCheckFailed_System", "Count", one_of("impaired")),
        Metric("StatusCheckFailed_Instance", "Count", gauge(lambda f: f("tasks") * 0)),
    ),
    "CWAgent": (Metric("mem_used_percent", "Percent", per_task("memory")),),
    "AWS/AutoScaling": (
        Metric("GroupInServiceInstances", "None", gauge(lambda f: np.floor(f("tasks") + 0.5))),
    ),
}
CACHE = (
    Metric("CPUUtilization", "Percent", gauge(lambda f: f("cpu") / 2 + 1.4)),
    Metric("EngineCPUUtilization", "Percent", gauge("cpu")),
    Metric("CacheHits", "Count", totalled("hits")),
    Metric("CacheMisses", "Count", totalled("misses")),
    Metric("CurrConnections", "Count", gauge(lambda f: np.round(f("connections")))),
    Metric("Evictions", "Count", totalled("evictions")),
    Metric("DatabaseMemoryUsagePercentage", "Percent", gauge("memory")),
)
QUEUE = (
    Metric("ApproximateNumberOfMessagesVisible", "Count", gauge(lambda f: np.round(f("visible")))),
    Metric("ApproximateAgeOfOldestMessage", "Seconds", gauge(lambda f: np.floor(f("age")))),
    Metric("NumberOfMessagesSent", "Count", totalled("sent")),
    Metric("NumberOfMessagesReceived", "Count", totalled("received")),
    Metric("NumberOfMessagesDeleted", "Count", totalled("deleted")),
)
LAMBDA = (
    Metric("Invocations", "Count", totalled("invoked")),
    Metric("Errors", "Count", totalled("crashed")),
    Metric("Duration", "Milliseconds", timed(1000.0)),
    Metric("Throttles", "Count", totalled("throttled")),
    Metric("ConcurrentExecutions", "Count", gauge(lambda f: np.ceil(f("in_flight")))),
)
CANARY = (
    Metric("SuccessPercent", "Percent", by_run("passed", 100.0)),
    Metric("Failed", "Count", by_run("missed")),
    Metric("Duration", "Milliseconds", by_run("took", 1000.0)),
)
CUSTOM = (
    Metric("Requests", "Count", published(totalled("requests"))),
    Metric("Errors", "Count", published(totalled("failed", "refused"))),
    Metric("Latency", "Seconds", published(timed())),
)

# What a function writes into its log for CloudWatch to count: nothing of an invocation that never ran.
EMBEDDED = (
    Metric("Requests", "Count", published(totalled("invoked"))),
    Metric("Errors", "Count", published(totalled("failed"))),
    Metric("Latency", "Seconds", published(timed())),
)

WHOLE = (
    Metric("RequestCount", "Count", counted("requests")),
    Metric("HTTPCode_ELB_5XX_Count", "Count", counted("refused")),
    Metric("HTTPCode_Target_5XX_Count", "Count", counted("failed")),
    Metric("HTTPCode_Target_4XX_Count", "Count", counted("denied")),
    Metric("TargetResponseTime", "Seconds", timed()),
    Metric("ActiveConnectionCount", "Count", totalled("connections")),
)


def balanced_in(zone: str) -> tuple[Metric, ...]:
    """What a balancer tells of a target group by zone; cross-zone balancing is off, so it is the targets'."""

    def denied(f: Fields) -> Values:
        return np.round(f("denied") * f(f"share {zone}"))

    def answered(f: Fields) -> Values:
        return np.maximum(f(f"requests {zone}") - f(f"failed {zone}") - denied(f), 0.0)

    return (
        Metric("RequestCount", "Count", counted(f"requests {zone}")),
        Metric("TargetResponseTime", "Seconds", timed_in(zone)),
        Metric("HTTPCode_Target_2XX_Count", "Count", counted(answered)),
        Metric("HTTPCode_Target_4XX_Count", "Count", counted(denied)),
        Metric("HTTPCode_Target_5XX_Count", "Count", counted(f"failed {zone}")),
        Metric("HealthyHostCount", "Count", gauge(lambda f: np.floor(f("tasks") * f(f"share {zone}") + 0.5))),
        Metric("UnHealthyHostCount", "Count", gauge(f"unhealthy {zone}")),
    )


def whole_in(zone: str) -> tuple[Metric, ...]:
    """What a balancer tells of itself by zone."""
    return (
        Metric("RequestCount", "Count", counted(f"requests {zone}")),
        Metric("HTTPCode_Target_5XX_Count", "Count", counted(f"failed {zone}")),
    )


def database_metrics(memory_gb: float, write_share: float) -> tuple[Metric, ...]:
    """What RDS publishes about a PostgreSQL instance of this size."""
    memory = memory_gb * 2**30

    def reads(f: Fields) -> Values:
        return f("work") * (1 - write_share) * 0.42 + 3 + f("job") * JOB_READS

    def writes(f: Fields) -> Values:
        return f("work") * write_share * 2.1 + 9

    def slower(f: Fields) -> Values:
        return 1 + (f("cpu") / 100) ** 4 * 4

    return (
        Metric("CPUUtilization", "Percent", gauge("cpu")),
        Metric("DatabaseConnections", "Count", gauge(lambda f: np.round(f("connections") + 3))),
        Metric("FreeableMemory", "Bytes", gauge(lambda f: memory * 0.41 - f("connections") * 6.5e6)),
        Metric("ReadIOPS", "Count/Second", gauge(reads)),
        Metric("WriteIOPS", "Count/Second", gauge(writes)),
        Metric("ReadLatency", "Seconds", gauge(lambda f: 0.00055 * slower(f))),
        Metric("WriteLatency", "Seconds", gauge(lambda f: 0.00125 * slower(f))),
        Metric(
            "DiskQueueDepth", "Count", gauge(lambda f: (reads(f) * 0.00055 + writes(f) * 0.00125) * slower(f))
        ),
        Metric("FreeStorageSpace", "Bytes", gauge(lambda f: f("free") * 2**30)),
        Metric("ReadThroughput", "Bytes/Second", gauge(lambda f: reads(f) * 16384)),
        Metric("WriteThroughput", "Bytes/Second", gauge(lambda f: writes(f) * 11500)),
        Metric("SwapUsage", "Bytes", gauge(lambda f: np.full(len(f("cpu")), 6.3e6))),
    )


def catalogue(application: Application) -> list[Series]:
    """Every series of an application."""
    names, found = Names(application.name), list[Series]()

    def add(namespace: str, part: str, metrics: tuple[Metric, ...], *dimensions: Mapping[str, str]) -> None:
        resolution = 10 if namespace == application.namespace else 60
        for each in dimensions:
            pairs = tuple(sorted(each.items()))
            found.extend(
                Series(namespace, m.name, pairs, part, m.unit, m.measure, resolution) for m in metrics
            )

    for name, service in application.services.items():
        custom = EMBEDDED if service.runs_on == "lambda" else CUSTOM
        add(application.namespace, name, custom, {"Service": name})
        if service.runs_on == "lambda":
            add("AWS/Lambda", name, LAMBDA, {"FunctionName": name})
            if service.alias:
                add("LambdaInsights", name, INSIGHTS, {"function_name": name})
            if application.answers(name):
                add("AWS/ApplicationELB", name, BEHIND, _target(names, name, service.public))
            continue
        if service.runs_on == "ec2":
            for namespace, metrics in ON_INSTANCES.items():
                add(namespace, name, metrics, {"AutoScalingGroupName": name})
        else:
            add("AWS/ECS", name, TASKS, {"ClusterName": application.name, "ServiceName": name})
        if not service.consumes:
            add("AWS/ApplicationELB", name, BALANCED, _target(names, name, service.public))
    for public in (True, False):
        part = f"balancer {names.balancer(public)}"
        add("AWS/ApplicationELB", part, WHOLE, {"LoadBalancer": names.balancer_id(public)})
    for name, db in application.databases.items():
        metrics = database_metrics(db.memory_gb, db.write_share)
        add("AWS/RDS", name, metrics, {"DBInstanceIdentifier": name})
    for name in application.caches:
        node = f"{name}-001"
        add(
            "AWS/ElastiCache",
            name,
            CACHE,
            {"CacheClusterId": node},
            {"CacheClusterId": node, "CacheNodeId": "0001"},
        )
    for name in application.queues:
        add("AWS/SQS", name, QUEUE, {"QueueName": name})
    if application.canary is not None:
        add("CloudWatchSynthetics", application.canary.name, CANARY, {"CanaryName": application.canary.name})
    for zone in ZONES:
        for public in (True, False):
            part, balancer = f"balancer {names.balancer(public)}", names.balancer_id(public)
            add(
                "AWS/ApplicationELB",
                part,
                whole_in(zone),
                {"LoadBalancer": balancer, "AvailabilityZone": zone},
            )
        for name, service in application.services.items():
            if service.runs_on != "lambda" and not service.consumes:
                target = {
                    "TargetGroup": names.target_group_id(name),
                    "LoadBalancer": names.balancer_id(service.public),
                    "AvailabilityZone": zone,
                }
                add("AWS/ApplicationELB", name, balanced_in(zone), target)
    return found


def _target(names: Names, service: str, public: bool) -> dict[str, str]:
    return {"TargetGroup": names.target_group_id(service), "LoadBalancer": names.balancer_id(public)}
