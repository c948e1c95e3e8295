"""RDS: what a database instance went through, as RDS itself tells it."""

from typing import Any

from workers.domain.call import HappeningData
from workers.domain.errors import ToolFailed
from workers.domain.risk import Risk
from workers.domain.telemetry import Happening
from workers.domain.window import Window
from workers.tools.action import Answer, Toolset, action
from workers.tools.inventory import Account
from workers.tools.metering import Counted


@action(risk=Risk.READ, answers="happenings")
def rds_events(account: Account, service: str, window: Window) -> Answer:
    """What RDS reports of a database instance in a window (kept for 14 days): failovers, restarts."""
    with Counted() as counted:
        found = account.inventory().topology.find(service)
        if found is None or found.system != "aws:rds-instances":
            raise ToolFailed(f"{service} is not an RDS instance")
        events = account.aws.pages(
            "rds",
            "describe_events",
            "Events",
            SourceType="db-instance",
            SourceIdentifier=service,
            StartTime=window.start,
            EndTime=window.end,
        )
    told = (_event(service, event) for event in events)
    return Answer(
        data=HappeningData(happenings=tuple(sorted(told, key=lambda h: h.at))),
        source=f"rds:{service}",
        cost=counted.calls,
    )


TOOLSET = Toolset(name="rds", actions=(rds_events,))


def _event(service: str, event: dict[str, Any]) -> Happening:
    kind = "failover" if "failover" in event.get("EventCategories", ()) else "other"
    return Happening.model_validate(
        {
            "at": event["Date"],
            "service": service,
            "kind": kind,
            "text": event["Message"],
            "source": f"rds:{service}",
        }
    )
