"""How service level objectives stand, by Application Signals."""

from typing import Any

from pydantic import JsonValue

from workers.domain.call import Gap, StateData
from workers.domain.risk import Risk
from workers.domain.window import Window
from workers.tools.action import Answer, Toolset, action
from workers.tools.inventory import Account
from workers.tools.metering import Counted

MOST = 200
"""Objectives that are told."""
BATCH = 50
"""Objectives of one call."""
UNUSED = Gap(
    what="service level objectives",
    why="Application Signals is not used here: there are none",
    mend="Define objectives in CloudWatch Application Signals.",
)


@action(risk=Risk.READ, answers="state")
def slo_state(account: Account, window: Window) -> Answer:
    """Service level objectives at a window's end: attained, goal, budget left (`status` OK or BREACHED)."""
    with Counted() as counted:
        found: list[dict[str, Any]] = account.aws.pages(
            "application-signals", "list_service_level_objectives", "SloSummaries", limit=MOST + 1
        )
        kept = found[:MOST]
        services = {one["Arn"]: one.get("KeyAttributes", {}).get("Name", "") for one in kept}
        reports = [
            account.aws.call(
                "application-signals",
                "batch_get_service_level_objective_budget_report",
                Timestamp=window.end,
                SloIds=[one["Arn"] for one in kept[start : start + BATCH]],
            )
            for start in range(0, len(kept), BATCH)
        ]
    told: list[JsonValue] = [
        _told(one, services.get(one["Arn"], "")) for reply in reports for one in reply["Reports"]
    ]
    failed = [
        Gap(what=f"the objective {one['Name']}", why=f"{one['ErrorCode']}: {one['ErrorMessage']}")
        for reply in reports
        for one in reply["Errors"]
    ]
    return Answer(
        data=StateData(state={"used": bool(found), "objectives": told}),
        source="application-signals",
        gaps=tuple(failed) if found else (UNUSED,),
        truncated=len(found) > MOST,
        cost=counted.calls,
    )


TOOLSET = Toolset(name="objectives", actions=(slo_state,))


def _told(report: dict[str, Any], service: str) -> dict[str, JsonValue]:
    """What a report says, without what it does not tell."""
    said: dict[str, JsonValue] = {
        "name": report["Name"],
        "service": service,
        "status": report["BudgetStatus"],
        "attained": report.get("Attainment"),
        "goal": report.get("Goal", {}).get("AttainmentGoal"),
        "seconds_left": report.get("BudgetSecondsRemaining"),
        "requests_left": report.get("BudgetRequestsRemaining"),
    }
    return {key: value for key, value in said.items() if value is not None}
