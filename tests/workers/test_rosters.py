"""Who is in a user group and on call: asked of a local Slack, PagerDuty and OpsGenie, and written down."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.bot.sandbox.local_slack import LocalSlack, finish, launch
from tests.faults.plant import ROOT, plant
from tests.faults.redis_server import redis_server
from tests.faults.waiting import eventually
from tests.pager import KEY, Pager, Shift, pager
from workers import wiring
from workers.ledger import Ledger, connect, migrate
from workers.rosters import Outside, refresh, sources
from workers.settings import Settings, load

ALICE, BEN = "alice.chen@fernhill.example", "ben.okafor@fernhill.example"
ROTA = "d875e654-9b4e-4219-a803-0c26936d18de"
NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def slack() -> Iterator[LocalSlack]:
    """With the app's own manifest, so that what is asked here is what it has a scope for."""
    running = launch("--manifest", str(ROOT / "manifest.yml"))
    yield running
    finish(running)


@pytest.fixture(scope="module")
def served() -> Iterator[Pager]:
    with pager() as one:
        yield one


@pytest.fixture
def outside_world(served: Pager, slack: LocalSlack) -> Pager:
    served.forget()
    slack.act("faults", clear=True)
    return served


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    url = f"sqlite:///{tmp_path / 'ledger.db'}"
    migrate(url)
    one = Ledger(connect(url))
    yield one
    one.close()


@pytest.fixture
def configured(tmp_path: Path, slack: LocalSlack, outside_world: Pager) -> Settings:
    return settings(tmp_path, slack, outside_world)


def settings(folder: Path, slack: LocalSlack, pager: Pager, **on_call: Any) -> Settings:
    door = {"enabled": True, "api_key": KEY, "api_url": pager.url}
    written = {
        "approvals": {
            "approvers": ["U0BENOKAFOR", "S0APPROVERS"],
            "critical": {"approvers": ["on-call"]},
        },
        "incident": {"pagerduty": door, "opsgenie": dict(door)},
        "on_call": on_call
        or {
            "overall": {"pagerduty_schedules": ["PSCHED1"]},
            "services": {
                "checkout": {"pagerduty_policies": ["PPOLICY"]},
                "orders": {"opsgenie_schedules": ["orders rota", ROTA]},
            },
        },
    }
    path = folder / "config.yaml"
    path.write_text(yaml.safe_dump(written))
    environ = {
        "SLACK_BOT_TOKEN": slack.ready["bot_token"],
        "SLACK_API_URL": slack.ready["api"],
        "AWS_REGION": "us-east-1",
    }
    return load(path, environ, "quick")


def members(outside: Outside, source: str, slack: LocalSlack) -> set[str]:
    """By the short names of the people."""
    names = {id_: name for name, id_ in slack.people.items()}
    return {names[id_] for id_ in outside.members(source)}


def test_only_what_the_settings_name_is_asked_for(configured: Settings) -> None:
    assert sources(configured) == ("S0APPROVERS", "on-call", "on-call:checkout", "on-call:orders")


def test_user_group_is_who_slack_says(configured: Settings, slack: LocalSlack) -> None:
    assert members(wiring.outside(configured), "S0APPROVERS", slack) == {"ben"}


def test_schedule_of_pagerduty_is_whoever_is_on_call_in_it_by_their_address(
    configured: Settings, slack: LocalSlack, outside_world: Pager
) -> None:
    outside_world.on_call = [Shift(ALICE), Shift(ALICE, level=2), Shift(BEN, schedule="PSCHED2")]

    assert members(wiring.outside(configured), "on-call", slack) == {"alice"}


def test_escalation_policy_is_only_its_first_level(
    configured: Settings, slack: LocalSlack, outside_world: Pager
) -> None:
    outside_world.on_call = [Shift(BEN), Shift(ALICE, level=2)]

    assert members(wiring.outside(configured), "on-call:checkout", slack) == {"ben"}


def test_rotas_of_opsgenie_are_found_by_name_and_by_id(
    configured: Settings, slack: LocalSlack, outside_world: Pager
) -> None:
    outside_world.rotas = {"orders rota": [ALICE], ROTA: [BEN]}

    assert members(wiring.outside(configured), "on-call:orders", slack) == {"alice", "ben"}


def test_all_pages_are_read(configured: Settings, slack: LocalSlack, outside_world: Pager) -> None:
    outside_world.on_call = [Shift(ALICE)] * 130 + [Shift(BEN)]

    assert members(wiring.outside(configured), "on-call", slack) == {"alice", "ben"}
    assert len(outside_world.asked) == 2


def test_who_has_no_account_in_slack_is_nobody(
    configured: Settings, slack: LocalSlack, outside_world: Pager
) -> None:
    outside_world.on_call = [Shift("somebody@else.example"), Shift(BEN)]

    assert members(wiring.outside(configured), "on-call", slack) == {"ben"}


def test_each_source_is_written_down(configured: Settings, ledger: Ledger, outside_world: Pager) -> None:
    outside_world.on_call = [Shift(BEN)]
    outside_world.rotas = {"orders rota": [], ROTA: []}

    refresh(ledger, wiring.outside(configured), lambda: NOW)

    assert ledger.members("S0APPROVERS", NOW) == ledger.members("on-call", NOW) == {"U0BENOKAFOR"}
    assert ledger.members("on-call:orders", NOW) == frozenset()


@pytest.mark.parametrize("status", [401, 404, 429, 500])
def test_pager_that_does_not_tell_leaves_the_roster_as_old_as_it_is(
    configured: Settings, ledger: Ledger, outside_world: Pager, status: int
) -> None:
    outside_world.on_call = [Shift(BEN)]
    refresh(ledger, wiring.outside(configured), lambda: NOW)
    later = NOW + timedelta(minutes=11)

    outside_world.fault = status
    refresh(ledger, wiring.outside(configured), lambda: later)

    assert ledger.members("on-call", later) is None
    assert ledger.members("S0APPROVERS", later) == {"U0BENOKAFOR"}


def test_pager_that_sends_us_elsewhere_is_not_followed(
    configured: Settings, ledger: Ledger, outside_world: Pager
) -> None:
    """Whoever answers for a pager must get neither our key for others nor us to others' addresses."""
    with pager() as elsewhere:
        elsewhere.on_call = [Shift(BEN)]
        outside_world.moved = elsewhere.url

        refresh(ledger, wiring.outside(configured), lambda: NOW)

        assert elsewhere.asked == []
    assert ledger.members("on-call", NOW) is None


def test_slack_that_does_not_tell_leaves_the_roster_as_old_as_it_is(
    configured: Settings, ledger: Ledger, slack: LocalSlack, outside_world: Pager
) -> None:
    outside_world.on_call = [Shift(BEN)]
    slack.act("faults", kind="error", method="users.lookupByEmail", times=5)

    refresh(ledger, wiring.outside(configured), lambda: NOW)

    assert ledger.members("on-call", NOW) is None


def test_answer_that_says_something_else_is_no_roster(
    configured: Settings, ledger: Ledger, outside_world: Pager
) -> None:
    outside_world.on_call = [Shift(BEN)]
    outside_world.odd = True

    refresh(ledger, wiring.outside(configured), lambda: NOW)

    assert ledger.members("on-call", NOW) is None


def test_clock_and_quick_keep_the_rosters_that_the_settings_name(slack: LocalSlack, tmp_path: Path) -> None:
    with redis_server() as redis, plant(tmp_path, redis, slack) as site:
        site.configure(approvals={"approvers": ["S0APPROVERS"]})
        site.start("quick")
        site.start("clock")

        found = eventually(lambda: site.ledger.sworn("S0APPROVERS", wiring.now()), 30)

    assert found == {slack.people["ben"]}
