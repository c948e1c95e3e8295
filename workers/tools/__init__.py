"""The systems Runbook can ask, one file each. A toolset that is not listed here does not exist."""

from workers.tools import (
    autoscaling,
    cloudwatch,
    costs,
    ecs,
    estate,
    functions,
    insights,
    inventory,
    logs,
    objectives,
    rds,
    runbooks,
    states,
    timeline,
    traces,
    watch,
    zones,
)
from workers.tools.action import Toolset

AWS: tuple[Toolset, ...] = (
    inventory.TOOLSET,
    cloudwatch.TOOLSET,
    logs.TOOLSET,
    insights.TOOLSET,
    timeline.TOOLSET,
    traces.TOOLSET,
    objectives.TOOLSET,
    ecs.TOOLSET,
    autoscaling.TOOLSET,
    rds.TOOLSET,
    zones.TOOLSET,
    functions.TOOLSET,
    states.TOOLSET,
    estate.TOOLSET,
    watch.TOOLSET,
    costs.TOOLSET,
)
KNOWLEDGE: tuple[Toolset, ...] = (runbooks.TOOLSET,)
