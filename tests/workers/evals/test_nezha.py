"""The nezha form: a small made-up shop, broken one way at a time, investigated as the real cases are."""

import dataclasses
import gzip
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from workers.agent.rules import RuleReasoner
from workers.domain.telemetry import Signal
from workers.evals.answering import answer
from workers.evals.nezha import case
from workers.evals.recorded import Recorded
from workers.evals.scoring import grounded

EDGES = (("front", "orders"), ("front", "stock"), ("orders", "mail"), ("orders", "cards"))
PLACES = ("front", "orders", "stock", "mail", "cards")
BEGAN = int(datetime(2026, 3, 4, 12, 0, tzinfo=UTC).timestamp())
MINUTES = range(-40, 4)
"""The minutes that are recorded, from the onset on."""
SPANS = (-10, -9, 1, 2, 3)
"""Those that traces and lines are kept of."""
ORDERS = 20
STEPS = (("orders", "place"), ("orders", "charge"), ("orders", "thank"), ("mail", "send"))


class Shop:
    """What is recorded of the shop: all in order until a test says otherwise, from minute 0 on."""

    def __init__(self) -> None:
        self.cpu: dict[str, float] = {}
        self.latency: dict[str, float] = {}
        self.requests: dict[str, float] = {}
        self.often: dict[str, float] = {}
        self.failing = 0.0
        self.served: dict[tuple[str, str], float] = {}
        self.own: dict[tuple[str, str], float] = {}
        self.wire: dict[tuple[str, str], float] = {}
        self.counts: dict[tuple[str, str], float] = {}
        self.lines: list[tuple[str, str, float]] = [("orders", "INFO order placed", ORDERS)]
        self.new_lines: list[tuple[str, str, float]] = []
        self.edges: tuple[tuple[str, str], ...] = EDGES
        self.files = {"metrics", "traces", "edges", "logs", "normal_traces", "normal_edges", "normal_logs"}

    def case(self, folder: Path, *, detected: float = 1.0, spoil: Callable[[str], str] = str) -> Recorded:
        """The shop written down in the form of the set and read back; `spoil` alters each file."""
        root = folder / "nezha"
        root.mkdir(exist_ok=True)
        written = {
            "metrics": self._metrics(),
            "traces": self._traces(SPANS),
            "edges": self._edges(SPANS),
            "logs": self._logs(SPANS),
            "normal_traces": self._traces((-99,)),
            "normal_edges": self._edges((-99,)),
            "normal_logs": self._logs((-99,)),
        }
        for name, lines in written.items():
            (root / f"{name}.csv.gz").write_bytes(gzip.compress(spoil("\n".join(lines)).encode()))
        row: dict[str, Any] = {
            "id": "one",
            "set": "nezha",
            "detect_ts": BEGAN + 60 * detected,
            "services": [place for place in PLACES if place != "front"],
            "edges": self.edges,
            "files": {name: f"{name}.csv.gz" for name in sorted(self.files)},
        }
        return case(root, row)

    def _metrics(self) -> list[str]:
        rows = ["ts,service,metric,value"]
        for minute in MINUTES:
            ripple = 1 + 0.05 * (minute % 3 - 1)
            passed = 100 - (self.failing if minute >= 0 else 0)
            rows.append(f"{BEGAN + 60 * minute + 19},ENTRY,SuccessRate(%),{passed}")
            for place in PLACES:
                for metric, usual, now in (
                    ("CpuUsageRate(%)", 5.0, self.cpu),
                    ("PodServerLatencyP90(s)", 0.1, self.latency),
                    ("PodWorkload(Ops)", self.often.get(place, 2.0), self.requests),
                ):
                    value = now.get(place, usual) if minute >= 0 else usual
                    rows.append(f"{BEGAN + 60 * minute + 19},{place},{metric},{value * ripple}")
        return rows

    def _traces(self, minutes: tuple[int, ...]) -> list[str]:
        rows = ["minute,service,OperationName,n,dur_mean,dur_p95,self_mean,self_p95"]
        for minute in minutes:
            for step in STEPS:
                count = self.counts.get(step, ORDERS) if minute >= 0 else ORDERS
                own = self.own.get(step, 5) if minute >= 0 else 5
                rows.append(f"{_clock(minute)},{','.join(step)},{count + minute % 2},10,12,{own},{own}")
        return rows

    def _edges(self, minutes: tuple[int, ...]) -> list[str]:
        rows = ["minute,caller,callee,n,client_mean,server_mean,gap_median,gap_p95"]
        for minute in minutes:
            for caller, callee in EDGES:
                gap = self.wire.get((caller, callee), 3) if minute >= 0 else 3
                served = self.served.get((caller, callee), 20) if minute >= 0 else 20
                times = f"{served + gap},{served},{gap},{gap}"
                rows.append(f"{_clock(minute)},{caller},{callee},{ORDERS + minute % 2},{times}")
        return rows

    def _logs(self, minutes: tuple[int, ...]) -> list[str]:
        rows = ["minute,service,template,count"]
        for minute in minutes:
            told = self.lines + (self.new_lines if minute >= 0 else [])
            rows += [f"{_clock(minute)},{place},{text},{count + minute % 2}" for place, text, count in told]
        return rows


def _clock(minute: int) -> str:
    return datetime.fromtimestamp(BEGAN + 60 * minute, UTC).strftime("%H_%M")


@pytest.fixture
def shop() -> Shop:
    return Shop()


def short_of_cpu(shop: Shop) -> None:
    shop.cpu["stock"], shop.latency["stock"], shop.latency["front"] = 95, 2.0, 2.1


def slow_wires(shop: Shop) -> None:
    shop.wire = {("front", "orders"): 400, ("orders", "mail"): 390, ("orders", "cards"): 410}


def one_slow_wire(shop: Shop) -> None:
    shop.wire = {("orders", "mail"): 390}


def order_is_not_thanked_for(shop: Shop) -> None:
    shop.counts[("orders", "thank")] = 2


def nobody_is_mailed(shop: Shop) -> None:
    shop.files = {"metrics"}
    shop.requests["mail"] = 0.02


def error_of_a_new_kind(shop: Shop) -> None:
    shop.new_lines = [("cards", "ERROR no such card", 12), ("orders", "ERROR cannot charge", 12)]


def line_comes_no_more(shop: Shop) -> None:
    shop.lines = [("orders", "INFO order placed", ORDERS), ("cards", "INFO charged", ORDERS)]
    shop.lines += [("cards", "INFO asked", ORDERS)]


def requests_end_at_a_callee(shop: Shop) -> None:
    """Front fails four in five: it hardly asks for orders, and one in five times as often for stock."""
    shop.files = {"metrics"}
    shop.failing, shop.often["stock"] = 80, 12
    shop.requests = {"orders": 0.4, "stock": 2.4, "mail": 0.4, "cards": 0.4}


def slow_in_the_eyes_of_its_callers(shop: Shop) -> None:
    shop.served = {("front", "orders"): 900, ("orders", "mail"): 800}


def slow_at_one_step(shop: Shop) -> None:
    shop.own[("mail", "send")] = 700


def slow_by_itself(shop: Shop) -> None:
    shop.latency["stock"], shop.latency["front"] = 2.0, 2.1


BROKEN: list[tuple[Callable[[Shop], None], str, str]] = [
    (short_of_cpu, "stock", "stock CPU 95 %"),
    (slow_wires, "orders", "on the way (usually 3 ms)"),
    (one_slow_wire, "mail", "a call from orders to mail is 390 ms on the way"),
    (order_is_not_thanked_for, "orders", "which always were 1 to 1"),
    (nobody_is_mailed, "orders", "orders is asked as before, but there are 1"),
    (error_of_a_new_kind, "cards", "never on better days"),
    (slow_by_itself, "stock", "stock p95 latency 2"),
    (requests_end_at_a_callee, "stock", "times a minute, and there are still 1"),
    (slow_in_the_eyes_of_its_callers, "mail", "mail answers orders in 800 ms (usually 20 ms)"),
    (slow_at_one_step, "mail", "takes 700 ms by itself (usually 5 ms)"),
]


@pytest.mark.parametrize(("breaks", "place", "says"), BROKEN, ids=[row[0].__name__ for row in BROKEN])
def test_the_place_is_named_with_what_was_measured_there(
    shop: Shop, tmp_path: Path, breaks: Callable[[Shop], None], place: str, says: str
) -> None:
    breaks(shop)

    recorded = shop.case(tmp_path)
    found = answer(recorded, RuleReasoner())

    assert found.ranked[0] == place
    assert says in found.path[-1].finding
    assert found.path[0].service == "front"
    assert grounded(found.path, place, recorded)


def test_after_a_place_that_asks_nobody_any_more_comes_one_that_it_still_asks(
    shop: Shop, tmp_path: Path
) -> None:
    nobody_is_mailed(shop)

    assert answer(shop.case(tmp_path), RuleReasoner()).ranked == ("orders", "cards")


def test_in_a_shop_that_is_in_order_nobody_is_suspected(shop: Shop, tmp_path: Path) -> None:
    assert answer(shop.case(tmp_path), RuleReasoner()).ranked == ()


@pytest.mark.parametrize("late", [-4, 0, 6])
def test_an_alarm_that_is_minutes_off_changes_nothing(shop: Shop, tmp_path: Path, late: float) -> None:
    slow_wires(shop)

    assert answer(shop.case(tmp_path, detected=late), RuleReasoner()).ranked[0] == "orders"


@pytest.mark.parametrize("missing", ["metrics", "traces", "edges", "logs", "normal_traces", "normal_logs"])
def test_what_is_left_of_a_record_still_tells(shop: Shop, tmp_path: Path, missing: str) -> None:
    """The place is short of CPU, logs errors of a new kind and leaves steps out: any file may be missing."""
    shop.cpu["orders"] = 95
    shop.new_lines = [("orders", "ERROR cannot thank", 12)]
    shop.counts[("orders", "thank")] = 2
    shop.files.remove(missing)

    assert answer(shop.case(tmp_path), RuleReasoner()).ranked[0] == "orders"


@pytest.mark.parametrize("breaks", [short_of_cpu, one_slow_wire, order_is_not_thanked_for])
def test_without_a_topology_the_place_is_named_without_a_way(
    shop: Shop, tmp_path: Path, breaks: Callable[[Shop], None]
) -> None:
    breaks(shop)
    place = answer(shop.case(tmp_path), RuleReasoner()).ranked[0]
    shop.edges = ()

    found = answer(shop.case(tmp_path), RuleReasoner())

    assert found.ranked[0] == place
    assert [hop.service for hop in found.path] == [place]


def test_a_place_that_did_as_on_better_days_is_no_step_of_a_way(shop: Shop, tmp_path: Path) -> None:
    one_slow_wire(shop)
    recorded = shop.case(tmp_path)
    calm = dataclasses.replace(recorded, series={})

    way = answer(recorded, RuleReasoner()).path

    assert grounded(way[-2:], "mail", dataclasses.replace(calm, alarms=()))
    assert not grounded(way, "mail", calm), "nothing is measured of the front"


def test_what_moved_an_hour_before_the_alarm_grounds_nothing(shop: Shop, tmp_path: Path) -> None:
    one_slow_wire(shop)
    recorded = shop.case(tmp_path)
    later = [a.model_copy(update={"since": a.since + timedelta(hours=1)}) for a in recorded.alarms]

    way = answer(recorded, RuleReasoner()).path

    assert not grounded(way, "mail", dataclasses.replace(recorded, alarms=tuple(later)))


def test_a_record_of_nothing_at_all_ends_in_an_answer(shop: Shop, tmp_path: Path) -> None:
    shop.files = set()

    found = answer(shop.case(tmp_path), RuleReasoner())

    assert found.ranked == ()
    assert found.outcome == "inconclusive"


@pytest.mark.parametrize("junk", ["", "nan", "inf", "-", "1e400"])
def test_values_that_are_no_numbers_are_missing_ones(shop: Shop, tmp_path: Path, junk: str) -> None:
    short_of_cpu(shop)

    def spoil(text: str) -> str:
        head, *rows = text.splitlines()
        spoilt = [f"{row.rpartition(',')[0]},{junk}" if i % 7 == 0 else row for i, row in enumerate(rows)]
        return "\n".join([head, *spoilt])

    found = answer(shop.case(tmp_path, spoil=spoil), RuleReasoner())

    assert found.ranked[0] == "stock"


def test_an_error_rate_that_was_never_measured_is_none(shop: Shop, tmp_path: Path) -> None:
    def add(text: str) -> str:
        entry = "\n".join(f"{BEGAN + 60 * m + 19},ENTRY,SuccessRate(%),0" for m in MINUTES)
        return f"{text}\n{entry}" if text.startswith("ts,") else text

    assert ("front", Signal.ERRORS) not in shop.case(tmp_path, spoil=add).series


def test_a_minute_is_the_one_nearest_to_the_alarm(shop: Shop, tmp_path: Path) -> None:
    recorded = shop.case(tmp_path)

    times = {at for one in recorded.activity if one.kind == "operation" for at in one.times}

    assert sorted(int(at.timestamp() - BEGAN) // 60 for at in times) == list(SPANS)
    assert {one.level for one in recorded.activity if one.kind == "line"} == {"info"}
