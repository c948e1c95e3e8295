"""AWS Cost Explorer: what this account is billed for each day, which no fault of a case has changed yet."""

from datetime import date, timedelta

from workers.sandbox.estate.names import fraction
from workers.sandbox.front.desk import Desk, Handler, Result
from workers.sandbox.front.refusal import CloudError

# Dollars a day, more or less.
BILLED = {
    "Amazon Elastic Container Service": 96.0,
    "Amazon Relational Database Service": 71.0,
    "Amazon Elastic Load Balancing": 18.5,
    "Amazon ElastiCache": 14.0,
    "AmazonCloudWatch": 11.0,
    "AWS Lambda": 3.2,
    "Amazon Simple Queue Service": 0.9,
}


def get_cost_and_usage(desk: Desk) -> Result:
    """GetCostAndUsage, by day and service."""
    period = desk.params["TimePeriod"]
    start, end = (date.fromisoformat(period[key][:10]) for key in ("Start", "End"))
    if start >= end:
        raise CloudError("ValidationException", "Start date (and hour) should be before end date (and hour)")
    if desk.params["Granularity"] != "DAILY":
        raise CloudError("ValidationException", "Only daily figures are kept here.")
    days = [start + timedelta(days=n) for n in range((end - start).days)]
    return {
        "GroupDefinitions": [{"Type": "DIMENSION", "Key": "SERVICE"}],
        "ResultsByTime": [_day(desk, day) for day in days],
        "DimensionValueAttributes": [],
    }


def _day(desk: Desk, day: date) -> Result:
    return {
        "TimePeriod": {"Start": f"{day}", "End": f"{day + timedelta(days=1)}"},
        "Total": {},
        "Groups": [
            {
                "Keys": [name],
                "Metrics": {"UnblendedCost": _amount(name, day, usual)},
            }
            for name, usual in BILLED.items()
        ],
        "Estimated": False,
    }


def _amount(name: str, day: date, usual: float) -> Result:
    return {"Amount": f"{usual * (0.95 + 0.1 * fraction('billed', name, day)):.10f}", "Unit": "USD"}


HANDLERS: dict[str, Handler] = {"GetCostAndUsage": get_cost_and_usage}
