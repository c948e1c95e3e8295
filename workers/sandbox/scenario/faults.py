"""The faults that can be played, by the id of their class."""

from collections.abc import Callable

from workers.sandbox.scenario import doors, outside, places, releases, stores, synthetic, tasks
from workers.sandbox.scenario.case import Trouble
from workers.sandbox.scenario.stage import Stage

FAULTS: dict[str, Callable[[Stage], Trouble]] = {
    "bad_deployment": releases.bad_deployment,
    "config_change": releases.config_change,
    "memory_leak": releases.memory_leak,
    "rollout_stuck": releases.rollout_stuck,
    "third_party_down": outside.third_party_down,
    "slow_dependency": tasks.slow_dependency,
    "self_healed": tasks.self_healed,
    "telemetry_broken": tasks.telemetry_broken,
    "traffic_surge": outside.traffic_surge,
    "alarm_edited": outside.alarm_edited,
    "query_regression": stores.query_regression,
    "pool_exhaustion": stores.pool_exhaustion,
    "expired_credential": doors.expired_credential,
    "access_change": doors.access_change,
    "disk_full": stores.disk_full,
    "batch_collision": stores.batch_collision,
    "cannot_scale": tasks.cannot_scale,
    "quota_exceeded": outside.quota_exceeded,
    "balancer_or_dns": doors.balancer_or_dns,
    "lock_contention": stores.lock_contention,
    "cache_stampede": stores.cache_stampede,
    "consumer_stopped": stores.consumer_stopped,
    "canary_only": synthetic.canary_only,
    "node_or_zone": places.node_or_zone,
}
