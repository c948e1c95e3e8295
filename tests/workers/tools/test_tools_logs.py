"""CloudWatch Logs: what is complained about now and was not before, out of how much, and what a cut means."""

from typing import Any

import pytest

from tests.workers.tools.conftest import Site
from workers.domain.call import LogData

FILTER = "FilterLogEvents"


def read(site: Site, service: str, now: tuple[float, float], before: tuple[float, float]) -> LogData:
    data = site.answer("logs", service=service, window=site.window(*now), before=site.window(*before))
    assert isinstance(data, LogData)
    return data


def event(number: int, message: str = "ERROR order 12 failed", **more: Any) -> dict[str, Any]:
    return {"timestamp": 1_772_625_600_000 + 1000 * number, "message": message, "logStreamName": "s", **more}


def said(site: Site, now: list[dict[str, Any]], before: list[dict[str, Any]]) -> None:
    for events in (now, before):
        site.say(FILTER, {"events": events})


def test_what_a_new_revision_complains_about_is_new(site: Site, shop: dict[str, Any]) -> None:
    site.play("bad_deployment", seed=3)  # anew, so that it began less than fifteen minutes ago
    data = read(site, shop["service"], (-5, 0), (-25, -15))

    top = max((p for p in data.patterns if p.novel), key=lambda p: p.count)
    assert top.count > 30
    assert (top.service, top.before, top.source) == (shop["service"], 0, f"logs:{shop['service']}")
    assert top.level in ("error", "fatal")
    assert (top.seconds, top.before_seconds) == (300, 600)
    assert sum(top.streams.values()) == top.count
    assert data.lines == sum(p.count for p in data.patterns)


def test_patterns_come_most_frequent_first(site: Site, shop: dict[str, Any]) -> None:
    counts = [p.count for p in read(site, shop["service"], (-5, 0), (-25, -15)).patterns]

    assert counts == sorted(counts, reverse=True)


def test_counts_of_both_windows_stand_side_by_side(site: Site) -> None:
    said(site, [event(n) for n in range(5)], [event(n) for n in range(2)])

    (pattern,) = read(site, "checkout", (-10, 0), (-40, -10)).patterns

    assert (pattern.count, pattern.before) == (5, 2)
    assert (pattern.seconds, pattern.before_seconds) == (600, 1800)
    assert pattern.growth == pytest.approx(5 / 600 / (2 / 1800))


def test_silent_group_gives_no_pattern_and_says_how_many_lines_there_were(site: Site) -> None:
    said(site, [], [event(1)])

    data = read(site, "checkout", (-10, 0), (-20, -10))

    assert (data.patterns, data.lines) == ((), 0)


def test_cut_sample_says_so_and_stands_for_the_time_it_covers(site: Site) -> None:
    window, before = site.window(-60), site.window(-120, -60)
    start = site.now.timestamp() - 3600
    many = [event(0, timestamp=int((start + n / 10) * 1000)) for n in range(3100)]
    said(site, many, [])

    result = site.ask("logs", service="checkout", window=window, before=before)

    assert result.truncated
    assert isinstance(result.data, LogData)
    (pattern,) = result.data.patterns
    assert pattern.count == result.data.lines == 3000
    assert pattern.seconds == pytest.approx(300, abs=3)
    assert pattern.before_seconds == 3600


def test_secret_in_a_line_stays_in_the_log(site: Site) -> None:
    token = "xo" + "xb-123456789012-AbCdEfGhIjKlMnOpQrSt"
    said(
        site, [event(0, f"ERROR slack refused {token}"), event(1, "ERROR login password=hunter22 failed")], []
    )

    data = read(site, "checkout", (-10, 0), (-20, -10))

    assert "AbCdEfGh" not in data.model_dump_json()
    assert "hunter22" not in data.model_dump_json()


def test_service_without_a_log_group_is_a_failure_and_no_silence(site: Site) -> None:
    failure = site.failure("logs", service="nowhere", window=site.window(-5), before=site.window(-10, -5))

    assert failure.message == "no log group is known for nowhere"
    assert "awslogs" in failure.mend


def test_group_that_is_gone_is_a_failure_and_no_silence(site: Site) -> None:
    site.refuse(FILTER, "ResourceNotFoundException", "The specified log group does not exist.")

    failure = site.failure("logs", service="checkout", window=site.window(-5), before=site.window(-10, -5))

    assert "The specified log group does not exist." in failure.message


def test_denied_logs_name_the_permission(site: Site) -> None:
    site.refuse(
        FILTER, "AccessDeniedException", "User: me is not authorized to perform: logs:FilterLogEvents"
    )

    failure = site.failure("logs", service="checkout", window=site.window(-5), before=site.window(-10, -5))

    assert (failure.kind, failure.permission) == ("denied", "logs:FilterLogEvents")


def test_earlier_window_that_cannot_be_read_makes_nothing_new(site: Site) -> None:
    """Half an answer would call every line new."""
    site.say(FILTER, {"events": [event(1)]})
    for _ in range(2):
        site.refuse(FILTER, "InvalidParameterException", "no")

    failure = site.failure("logs", service="checkout", window=site.window(-5), before=site.window(-10, -5))

    assert failure.kind == "failed"
