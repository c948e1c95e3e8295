"""What was spent in AWS, in words, from what Cost Explorer told."""

from typing import Any, cast

from pydantic import JsonValue

from workers.agent import words

MOST = 8
"""Services that are named."""


def told(state: dict[str, JsonValue]) -> tuple[str, list[str]]:
    """What was spent beside the days before; the services that rose or fell most, and the dearest day."""
    facts = cast(dict[str, Any], state)
    unit, days, total, before = facts["unit"], facts["days"], facts["total"], facts["before"]
    span = words.counted(days, "day")
    text = (
        f"AWS cost {_money(total, unit)} in the {span} until {facts['until']}, "
        f"{_change(total, before, unit)} the {span} before."
    )
    moved = sorted(facts["services"], key=lambda one: -abs(one["cost"] - one["before"]))[:MOST]
    moved.sort(key=lambda one: one["before"] - one["cost"])
    lines = [
        f"{one['service']}: {_money(one['cost'], unit)}, {_change(one['cost'], one['before'], unit)} before"
        for one in moved
    ]
    if len(facts["services"]) > len(moved):
        lines.append(f"{len(facts['services']) - len(moved)} others moved less")
    if days > 1:
        dearest = max(facts["by_day"], key=lambda one: one["cost"])
        lines.append(f"The dearest day was {dearest['day']}: {_money(dearest['cost'], unit)}")
    return text, lines


def _money(amount: float, unit: str) -> str:
    return f"${amount:,.2f}" if unit == "USD" else f"{amount:,.2f} {unit}"


def _change(now: float, before: float, unit: str) -> str:
    if round(now, 2) == round(before, 2):
        return "as much as"
    share = f" ({abs(now - before) / before:.0%})" if before >= 1 else ""
    return f"{_money(abs(now - before), unit)}{share} {'more' if now > before else 'less'} than"
