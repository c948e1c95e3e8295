"""What can happen to alarms in a case: a threshold is lowered, or was always too tight."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from workers.sandbox.estate.alarms import AlarmConfig, AlarmState
from workers.sandbox.estate.trail import Actor
from workers.sandbox.estate.world import World


@dataclass(frozen=True)
class LowerAlarm:
    """PutMetricAlarm sets a threshold to a share of what its metric usually is."""

    at: float
    alarm: str
    share: float
    actor: Actor

    def apply(self, world: World) -> None:
        """Put it, and write the call down."""
        config = world.alarms[self.alarm].config
        usual = float(np.median(_recent(world, config, self.at)))
        config = replace(config, threshold=_rounded(usual * self.share))
        world.put_alarm(config, self.at)
        world.record(
            self.at,
            "PutMetricAlarm",
            "monitoring.amazonaws.com",
            self.actor,
            request=alarm_request(config),
            resources=(("AWS::CloudWatch::Alarm", self.alarm),),
        )


@dataclass(frozen=True)
class Flap:
    """An alarm that was always set too tight: it goes off for a minute every now and then."""

    at: float
    config: AlarmConfig
    share: float

    def apply(self, world: World) -> None:
        """Set its threshold among the values of the last hours, as if it had been there for months."""
        values = _recent(world, self.config, self.at)
        config = replace(self.config, threshold=_rounded(float(np.quantile(values, self.share))))
        world.alarms[config.name] = AlarmState([config], self.at - 86400 * 40)


def _recent(world: World, config: AlarmConfig, until: float) -> np.ndarray:
    """The values of an alarm's metric over the last two hours."""
    end = until // 60 * 60
    return world.points(world.series[config.key], end - 7200, end, 60).value(config.statistic)


def _rounded(value: float) -> float:
    """Two digits, as people set thresholds."""
    return float(f"{value:.2g}")


def alarm_request(config: AlarmConfig) -> dict[str, Any]:
    """The request parameters of a PutMetricAlarm, as CloudTrail writes them."""
    found: dict[str, Any] = {
        "alarmName": config.name,
        "namespace": config.namespace,
        "metricName": config.metric,
        "dimensions": [{"name": name, "value": value} for name, value in config.dimensions],
        "period": config.period,
        "evaluationPeriods": config.periods,
        "datapointsToAlarm": config.points,
        "threshold": config.threshold,
        "comparisonOperator": config.comparison,
        "treatMissingData": config.missing,
        "actionsEnabled": True,
    }
    key = "extendedStatistic" if config.statistic.startswith("p") else "statistic"
    return found | {key: config.statistic}
