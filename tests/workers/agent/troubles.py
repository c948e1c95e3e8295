"""One minimal world a failure mode: what the systems would show, and what ought to be said of it."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from tests.workers import making
from tests.workers.agent.made import World, shop
from workers.domain.telemetry import Signal


@dataclass(frozen=True)
class Trouble:
    """What is wrong, where, and the words that tell that the decisive finding was seen."""

    mode: str
    where: str
    revision: str
    decisive: str
    build: Callable[[], World]
    text: str = "checkout is slow"


def tempting(world: World) -> World:
    """What everybody would suspect: a deployment six minutes after the onset."""
    world.deployed("web", -12, "image", revision=7)
    return world


def bad_deployment() -> World:
    world = shop()
    world.hurts("checkout", "web")
    world.deployed("checkout", -19, "image")
    world.says("checkout", "ERROR NullPointerException in Cart.total")
    return world


def config_change() -> World:
    world = shop()
    world.hurts("checkout", "web", errors=60)
    world.deployed("checkout", -19, "environment.PAY_TIMEOUT_MS")
    world.says("checkout", "ERROR payment gave no answer in 50 ms")
    return world


def memory_leak() -> World:
    world = shop()
    world.deployed("checkout", -55, "image")
    world.shaped("checkout", Signal.MEMORY, lambda t: np.where(t < -55, 50.0, 52 + 46 * ((t + 55) % 18) / 18))
    world.hurts("checkout", "web", errors=40, latency=0.9)
    world.told("checkout", "out_of_memory", "OutOfMemoryError: container killed (exit code 137)", -37)
    world.told("checkout", "out_of_memory", "OutOfMemoryError: container killed (exit code 137)", -19)
    return world


def rollout_stuck() -> World:
    world = shop()
    world.deployed("checkout", -20, "image")
    world.sets("checkout", running="1")
    world.told("checkout", "task_stopped", "Essential container in task exited (exit code 1)", -17, times=4)
    world.hurts("checkout", "web", errors=30, latency=1.4)
    return world


def third_party_down() -> World:
    world = shop()
    world.hurts("checkout", "web")
    world.says("checkout", "ERROR call to api.pay.example timed out after <n> ms", count=400)
    return world


def slow_dependency() -> World:
    world = shop()
    world.hurts("catalog", errors=50, latency=1.8)
    world.moves("catalog", Signal.CPU, 97)
    world.hurts("web", errors=40, latency=1.9)
    return world


def query_regression() -> World:
    world = shop()
    world.moves("shop-db", Signal.CPU, 96)
    world.moves("shop-db", Signal.READS, 9000)
    world.hurts("checkout", "web", "catalog", errors=20)
    world.says("shop-db", "LOG: duration: <n> ms statement: SELECT * FROM orders", count=300, level="info")
    return world


def pool_exhaustion() -> World:
    world = shop()
    world.moves("shop-db", Signal.CONNECTIONS, 100)
    world.points["shop-db", Signal.CONNECTIONS][-18:] = 100.0
    world.hurts("checkout", "web", "catalog", errors=60)
    for service in ("checkout", "catalog", "fulfilment"):
        world.says(service, "ERROR could not get a connection from the pool in <n> ms", count=200)
    return world


def lock_contention() -> World:
    world = shop()
    world.moves("shop-db", Signal.CONNECTIONS, 90)
    world.hurts("checkout", "web", errors=30)
    world.says("shop-db", "LOG: process <n> still waiting for ShareLock on transaction <n>", level="info")
    return world


def traffic_surge() -> World:
    world = shop()
    world.moves("web", Signal.REQUESTS, 4000, onset=-20)
    world.moves("web", Signal.CPU, 97)
    world.hurts("web", errors=800)
    return world


def cannot_scale() -> World:
    world = shop()
    world.sets("checkout", running="2", desired="8")
    world.told("checkout", "placement_failed", "was unable to place a task: RESOURCE:MEMORY", -17, times=5)
    world.hurts("checkout", "web", errors=30)
    return world


def consumer_stopped() -> World:
    world = shop()
    world.sets("fulfilment", running="0")
    world.shaped("orders", Signal.QUEUE_AGE, lambda t: np.where(t < -18, 2.0, (t + 18) * 60 + 60))
    world.shaped("orders", Signal.QUEUE_DEPTH, lambda t: np.where(t < -18, 3.0, (t + 18) * 50 + 50))
    world.moves("orders", Signal.PROCESSED, 0)
    return world


def cache_stampede() -> World:
    world = shop()
    world.moves("shop-cache", Signal.HIT_RATIO, 0.2, onset=-19)
    world.moves("shop-cache", Signal.MISSES, 3400, onset=-19)
    world.moves("shop-db", Signal.CPU, 95)
    world.moves("shop-db", Signal.READS, 7000)
    world.hurts("checkout", "web", "catalog", errors=20)
    return world


def expired_credential() -> World:
    world = shop()
    world.hurts("checkout", "web", errors=500, latency=0.2)
    world.says("checkout", "ERROR x509: certificate has expired or is not yet valid", count=5000)
    return world


def access_change() -> World:
    world = shop()
    world.hurts("checkout", "web", errors=500, latency=0.2)
    world.changed("access", "checkout", -19, "DetachRolePolicy on checkout")
    world.says("checkout", "ERROR AccessDenied: not authorized to perform: sqs:SendMessage", count=5000)
    return world


def quota_exceeded() -> World:
    world = shop()
    world.hurts("checkout", "web", errors=100, latency=0.2)
    world.says("checkout", "ERROR ThrottlingException: Rate exceeded", count=2000, before=10)
    return world


def disk_full() -> World:
    world = shop()
    world.shaped("shop-db", Signal.FREE_STORAGE, lambda t: np.where(t < -20, 40e9, 1e6))
    world.hurts("checkout", "web", errors=200)
    world.says("shop-db", "PANIC: could not write to file: No space left on device", level="fatal", count=20)
    return world


def balancer_or_dns() -> World:
    world = shop()
    world.moves("catalog", Signal.REQUESTS, 0)
    world.hurts("web", errors=300, latency=0.1)
    world.says("web", "ERROR call to http://catalog.shop.internal failed: 503 Service Unavailable", count=900)
    world.changed("infrastructure", "0a1b2c3d", -19, "ModifyRule on 0a1b2c3d")
    return world


def batch_collision() -> World:
    world = query_regression()
    world.logs.clear()
    for signal in (Signal.CPU, Signal.READS):
        world.earlier.setdefault(1, {})["shop-db", signal] = world.points["shop-db", signal]
    return world


def expected_load() -> World:
    world = shop()
    world.moves("web", Signal.REQUESTS, 3600)
    world.rings("web", signal=Signal.REQUESTS)
    world.earlier[7] = {("web", Signal.REQUESTS): world.points["web", Signal.REQUESTS]}
    return world


def alarm_edited() -> World:
    world = shop()
    world.rings("checkout", edited=-15)
    return world


def self_healed() -> World:
    world = shop()
    for signal, to in ((Signal.LATENCY, 3.0), (Signal.ERRORS, 80.0)):
        world.moves("checkout", signal, to, onset=-30, end=-15)
        world.moves("web", signal, to, onset=-30, end=-15)
    return world


def telemetry_broken() -> World:
    world = shop()
    for (service, _), values in world.points.items():
        if service == "checkout":
            values[-22:] = np.nan
    return world


TROUBLES: tuple[Trouble, ...] = (
    Trouble("bad_deployment", "checkout", "checkout:42", "NullPointerException", bad_deployment),
    Trouble("config_change", "checkout", "checkout:42", "PAY_TIMEOUT_MS", config_change),
    Trouble("memory_leak", "checkout", "checkout:42", "OutOfMemoryError", memory_leak),
    Trouble("rollout_stuck", "checkout", "checkout:42", "1 of 3 tasks", rollout_stuck),
    Trouble("third_party_down", "api.pay.example", "", "api.pay.example", third_party_down),
    Trouble("slow_dependency", "catalog", "", "catalog p95 latency", slow_dependency, "web is slow"),
    Trouble("query_regression", "shop-db", "", "statement", query_regression),
    Trouble("pool_exhaustion", "shop-db", "", "highest level", pool_exhaustion),
    Trouble("lock_contention", "shop-db", "", "still waiting for", lock_contention),
    Trouble("traffic_surge", "web", "", "web requests rose", traffic_surge, "web is slow"),
    Trouble("cannot_scale", "checkout", "", "unable to place", cannot_scale),
    Trouble("consumer_stopped", "fulfilment", "", "0 of 3 tasks", consumer_stopped, "orders do not go out"),
    Trouble("cache_stampede", "shop-cache", "", "hit ratio fell", cache_stampede),
    Trouble("expired_credential", "checkout", "", "certificate has expired", expired_credential),
    Trouble("access_change", "checkout", "", "AccessDenied", access_change),
    Trouble("quota_exceeded", "checkout", "", "Rate exceeded", quota_exceeded),
    Trouble("disk_full", "shop-db", "", "No space left", disk_full),
    Trouble("balancer_or_dns", "catalog", "", "catalog requests fell", balancer_or_dns, "web is slow"),
    Trouble("batch_collision", "shop-db", "", "on the day before", batch_collision),
    Trouble(
        "alarm_edited", "checkout", "", "was edited at 11:45", alarm_edited, "checkout-latency is in ALARM"
    ),
    Trouble("expected_load", "web", "", "a week before", expected_load, "web-requests is in ALARM"),
    Trouble("self_healed", "checkout", "", "has come back since", self_healed),
    Trouble("telemetry_broken", "checkout", "", "stopped while others go on", telemetry_broken),
)
BY_MODE = {trouble.mode: trouble for trouble in TROUBLES}
NOW = making.NOON
