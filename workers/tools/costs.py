"""Cost Explorer: what AWS bills by service and by day, and what rose most against the days before.

It bills each request ($0.01 when this was written), so it is asked only when somebody asks what was spent,
and an answer is kept for hours: the bill of a day is made up within a day, and not by the minute.
"""

from collections import defaultdict
from datetime import date, timedelta
from typing import Any

from pydantic import JsonValue

from workers.domain.call import StateData
from workers.domain.errors import Refused, ToolFailed
from workers.domain.risk import Risk
from workers.domain.window import Window
from workers.tools.action import Answer, Toolset, action
from workers.tools.inventory import Account
from workers.tools.metering import Counted

METRIC = "UnblendedCost"
KEPT_SECONDS = 6 * 3600.0
MOST_DAYS, MOST_PAGES = 90, 10
LEAST = 0.005
"""Less than half a cent is not told."""

Spent = dict[str, dict[date, float]]


@action(risk=Risk.READ, answers="state")
def aws_cost(account: Account, window: Window) -> Answer:
    """What AWS costs by service over whole days (1 to 90), beside as many days before. Bills a cent each."""
    days = max(round(window.seconds / 86_400), 1)
    if days > MOST_DAYS:
        raise Refused(f"{days} days are too many", f"Ask for at most {MOST_DAYS}.")
    end = window.end.date()  # a day that is not over has no whole bill
    start, before = end - timedelta(days=days), end - timedelta(days=2 * days)
    with Counted() as counted:
        spent, unit = account.kept(f"cost {before} {end}", KEPT_SECONDS, lambda: _spent(account, before, end))
    return Answer(
        data=StateData(state=_told(spent, unit, start, end, days)),
        source="cost explorer",
        link="https://console.aws.amazon.com/costmanagement/home#/cost-explorer",
        cost=counted.calls,
    )


TOOLSET = Toolset(name="costs", actions=(aws_cost,))


def _spent(account: Account, start: date, end: date) -> tuple[Spent, str]:
    """By service and day what was spent, and in which currency."""
    spent: Spent = defaultdict(dict)
    unit, token, days = "USD", "", 0
    for _ in range(MOST_PAGES):  # botocore has no pages for it
        reply = account.aws.call(
            "ce",
            "get_cost_and_usage",
            TimePeriod={"Start": f"{start}", "End": f"{end}"},
            Granularity="DAILY",
            Metrics=[METRIC],
            GroupBy=[{"Type": "DIMENSION", "Key": "SERVICE"}],
            **({"NextPageToken": token} if token else {}),
        )
        results: list[dict[str, Any]] = reply.get("ResultsByTime", [])
        days += len(results)
        for result in results:
            day = date.fromisoformat(result["TimePeriod"]["Start"][:10])
            for group in result.get("Groups", []):
                amount = group["Metrics"][METRIC]
                unit, name = amount["Unit"], group["Keys"][0]
                spent[name][day] = spent[name].get(day, 0.0) + float(amount["Amount"])
        token = reply.get("NextPageToken", "")
        if not token:
            break
    else:
        raise ToolFailed("Cost Explorer has more pages than are read", "Ask about fewer days.")
    if not days:
        raise ToolFailed("Cost Explorer knows nothing of these days", "It takes a day to know of an account.")
    return dict(spent), unit


def _told(spent: Spent, unit: str, start: date, end: date, days: int) -> dict[str, JsonValue]:
    """The totals, the services by how much they rose, and the sums by day."""
    now, was = (
        {n: _within(by, f, t) for n, by in spent.items()} for f, t in ((start, end), (date.min, start))
    )
    names = sorted(spent, key=lambda name: was[name] - now[name])
    services: list[JsonValue] = [
        {"service": name, "cost": round(now[name], 2), "before": round(was[name], 2)}
        for name in names
        if max(now[name], was[name]) >= LEAST
    ]
    by_day: list[JsonValue] = [
        {"day": f"{day}", "cost": round(sum(by.get(day, 0.0) for by in spent.values()), 2)}
        for day in (start + timedelta(days=n) for n in range(days))
    ]
    return {
        "unit": unit,
        "from": f"{start}",
        "until": f"{end}",
        "days": days,
        "total": round(sum(now.values()), 2),
        "before": round(sum(was.values()), 2),
        "services": services,
        "by_day": by_day,
    }


def _within(by: dict[date, float], start: date, end: date) -> float:
    return sum(amount for day, amount in by.items() if start <= day < end)
