"""What is measured, in the field's words, and where it is while all is well."""

from enum import StrEnum
from typing import Literal


class Signal(StrEnum):
    """What a series measures, in the field's words."""

    REQUESTS = "requests"
    ERRORS = "errors"
    ERROR_RATE = "error_rate"
    CLIENT_ERRORS = "client_errors"
    BALANCER_ERRORS = "balancer_errors"
    LATENCY = "latency"
    CPU = "cpu"
    MEMORY = "memory"
    RUNNING = "running"
    UNHEALTHY = "unhealthy"
    CONNECTIONS = "connections"
    READS = "reads"
    WRITES = "writes"
    READ_LATENCY = "read_latency"
    WRITE_LATENCY = "write_latency"
    DISK_QUEUE = "disk_queue"
    FREE_STORAGE = "free_storage"
    HITS = "hits"
    MISSES = "misses"
    HIT_RATIO = "hit_ratio"
    EVICTIONS = "evictions"
    QUEUE_DEPTH = "queue_depth"
    QUEUE_AGE = "queue_age"
    LAG = "lag"
    SENT = "sent"
    RECEIVED = "received"
    PROCESSED = "processed"
    THROTTLES = "throttles"
    CONCURRENCY = "concurrency"
    SUCCESS = "success"
    OTHER = "other"


Healthy = Literal["low", "high", "usual"]
"""Where a metric is while all is well."""

HEALTHY: dict[Signal, Healthy] = {
    Signal.REQUESTS: "usual",
    Signal.ERRORS: "low",
    Signal.ERROR_RATE: "low",
    Signal.CLIENT_ERRORS: "low",
    Signal.BALANCER_ERRORS: "low",
    Signal.LATENCY: "low",
    Signal.CPU: "low",
    Signal.MEMORY: "low",
    Signal.RUNNING: "high",
    Signal.UNHEALTHY: "low",
    Signal.CONNECTIONS: "low",
    Signal.READS: "low",
    Signal.WRITES: "usual",
    Signal.READ_LATENCY: "low",
    Signal.WRITE_LATENCY: "low",
    Signal.DISK_QUEUE: "low",
    Signal.FREE_STORAGE: "high",
    Signal.HITS: "usual",
    Signal.MISSES: "low",
    Signal.HIT_RATIO: "high",
    Signal.EVICTIONS: "low",
    Signal.QUEUE_DEPTH: "low",
    Signal.QUEUE_AGE: "low",
    Signal.LAG: "low",
    Signal.SENT: "usual",
    Signal.RECEIVED: "usual",
    Signal.PROCESSED: "high",
    Signal.THROTTLES: "low",
    Signal.CONCURRENCY: "usual",
    Signal.SUCCESS: "high",
    Signal.OTHER: "usual",
}
"""The same of each signal, unless a metric's own row says another."""
