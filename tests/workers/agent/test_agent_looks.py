"""Each look: when it says yes, when no, and that it says "not known" where nothing could be seen."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from pydantic import TypeAdapter

from tests.workers import making
from tests.workers.agent import made
from tests.workers.agent.made import World, shop, sight
from workers.agent import looks
from workers.agent.catalogue import AnyLook
from workers.agent.looks import Answer, Want
from workers.domain.call import Gap
from workers.domain.hypothesis import Hypothesis
from workers.domain.telemetry import Change, Resource, Signal

LOOK: TypeAdapter[AnyLook] = TypeAdapter(AnyLook)


def about(where: str = "checkout", **fields: Any) -> Hypothesis:
    return making.hypothesis("h1", where=where, **fields)


def judge(
    world: World,
    claim: Hypothesis,
    *asked: tuple[str, dict[str, Any]],
    text: str = "checkout is slow",
    **look: Any,
) -> Answer:
    return looks.judge(LOOK.validate_python(look), claim, sight(world, text, *asked))


def logs_of(service: str) -> tuple[str, dict[str, Any]]:
    return "logs", {"service": service}


def events_of(service: str) -> tuple[str, dict[str, Any]]:
    return "ecs_events", {"service": service}


def slow() -> World:
    """A shop whose checkout is slow, and the web above it."""
    world = shop()
    world.hurts("checkout", "web")
    return world


# Did a signal leave its baseline?


def test_shift_sees_what_moved_in_its_direction() -> None:
    found = judge(slow(), about(), look="shift", signals=["latency"])

    assert found.says == "yes"
    assert found.finding == "checkout p95 latency rose to 2.5 s (usually 202 ms) at 11:42 UTC"
    assert found.queries == ("f5",)


def test_shift_is_not_one_in_the_other_direction() -> None:
    assert judge(slow(), about(), look="shift", signals=["latency"], direction="down").says == "no"


def test_shift_says_no_where_all_stayed_as_usual() -> None:
    found = judge(slow(), about("catalog"), look="shift", signals=["latency", "errors"])

    assert (found.says, found.finding) == ("no", "catalog p95 latency and catalog errors stayed as usual")


def test_shift_hours_before_the_onset_is_another_story() -> None:
    world = slow()
    world.moves("checkout", Signal.CPU, 90, onset=-75)

    assert judge(world, about(), look="shift", signals=["cpu"]).says == "no"


def test_shift_after_the_symptom_is_no_cause() -> None:
    world = slow()
    world.moves("checkout", Signal.CPU, 90, onset=-8)

    assert judge(world, about(), look="shift", signals=["cpu"]).says == "no"


def test_shift_is_not_known_where_nothing_came() -> None:
    world = slow()
    world.lost("shop-db", Signal.CPU)

    assert judge(world, about("shop-db"), look="shift", signals=["cpu"]).says == "unknown"
    assert judge(world, about("api.pay.example"), look="shift", signals=["latency"]).says == "unknown"


def test_shift_is_not_known_where_one_of_its_signals_could_not_be_seen() -> None:
    world = slow()
    world.lost("shop-db", Signal.CPU)

    assert judge(world, about("shop-db"), look="shift", signals=["cpu", "reads"]).says == "unknown"


def test_shift_that_is_seen_needs_no_other_signal() -> None:
    world = slow()
    world.lost("shop-db", Signal.CPU)
    world.moves("shop-db", Signal.READS, 3000)

    assert judge(world, about("shop-db"), look="shift", signals=["cpu", "reads"]).says == "yes"


@pytest.mark.parametrize(
    ("of", "where", "moved"),
    [
        ("callers", "shop-db", "checkout"),
        ("callees", "web", "checkout"),
        ("stores", "shop-cache", "shop-db"),
        ("caches", "shop-db", "shop-cache"),
        ("symptom", "shop-db", "checkout"),
        ("queues", "fulfilment", "orders"),
    ],
)
def test_shift_looks_at_the_neighbours_it_is_told_to(of: str, where: str, moved: str) -> None:
    world = slow()
    signals = {"shop-db": "cpu", "shop-cache": "evictions", "orders": "queue_depth"}
    signal = Signal(signals.get(moved, "latency"))
    world.moves(moved, signal, 5000 if moved != "shop-db" else 95)

    found = judge(world, about(where), look="shift", of=of, signals=[signal])

    assert found.says == "yes"
    assert found.finding.startswith(f"{moved} ")


# Did everything stay calm?


def test_calm_is_what_did_not_move() -> None:
    assert judge(slow(), about("shop-db"), look="calm", signals=["cpu"]).says == "yes"
    assert judge(slow(), about(), look="calm", signals=["cpu", "latency"]).says == "no"


def test_calm_again_counts_as_calm() -> None:
    world = slow()
    world.moves("shop-db", Signal.CPU, 95, onset=-60, end=-40)

    assert judge(world, about("shop-db"), look="calm", signals=["cpu"]).says == "yes"


def test_calm_is_not_known_where_a_signal_could_not_be_seen() -> None:
    world = slow()
    world.lost("shop-db", Signal.CPU)

    assert judge(world, about("shop-db"), look="calm", signals=["cpu"]).says == "unknown"
    assert judge(world, about("shop-db"), look="calm", signals=["cpu", "reads"]).says == "unknown"


# What moved first?


def test_signal_that_moved_before_the_symptom_leads() -> None:
    world = slow()
    world.moves("checkout", Signal.REQUESTS, 3000, onset=-24)

    found = judge(world, about(), look="leads", signal="requests")

    assert found.says == "yes"
    assert found.finding.endswith("before or with error rate")


def test_signal_that_moved_after_the_symptom_follows() -> None:
    world = slow()
    world.moves("checkout", Signal.REQUESTS, 3000, onset=-12)

    found = judge(world, about(), look="leads", signal="requests")

    assert found.says == "no"
    assert ", after checkout " in found.finding


def test_signal_that_did_not_move_leads_nothing() -> None:
    assert judge(slow(), about(), look="leads", signal="requests").says == "no"


def test_lead_is_not_known_without_the_signal() -> None:
    world = slow()
    world.lost("checkout", Signal.REQUESTS)

    assert judge(world, about(), look="leads", signal="requests").says == "unknown"


def test_lead_is_not_known_where_nobody_could_see_what_followed() -> None:
    world = shop()
    world.moves("shop-db", Signal.CPU, 95)
    for service in ("web", "checkout", "catalog", "fulfilment"):
        world.lost(service, Signal.ERRORS, Signal.LATENCY)
    world.lost("orders", Signal.QUEUE_AGE)

    assert judge(world, about("shop-db"), look="leads", signal="cpu", text="shop-db").says == "unknown"


# When was the change?


def blamed(world: World, minutes: float) -> Hypothesis:
    return about(trigger=world.deployed("checkout", minutes))


@pytest.mark.parametrize(
    ("minutes", "before", "after", "words"),
    [
        (-60, "no", "no", "42 minutes before the onset"),
        (-48.1, "no", "no", "30 minutes before the onset"),
        (-47.9, "yes", "no", "30 minutes before the onset"),
        (-20, "yes", "no", "2 minutes before the onset"),
        (-18, "yes", "no", "at the onset"),
        (-17.1, "yes", "no", "at the onset"),
        (-16.9, "no", "yes", "66 seconds after the onset"),
        (-12, "no", "yes", "6 minutes after the onset"),
    ],
)
def test_change_is_told_against_the_onset(minutes: float, before: str, after: str, words: str) -> None:
    world = slow()
    claim = blamed(world, minutes)

    early = judge(world, claim, look="change", when="before")
    late = judge(world, claim, look="change", when="after")

    assert (early.says, late.says) == (before, after)
    assert words in early.finding


def test_uncertain_onset_gives_a_change_the_benefit_of_the_doubt() -> None:
    world = slow()
    for signal in (Signal.ERRORS, Signal.LATENCY):
        world.points["checkout", signal][made.MINUTES - 26 : made.MINUTES - 18] = np.nan
    claim = blamed(world, -12)

    assert judge(world, claim, look="change", when="after").says == "no"
    assert judge(world, claim, look="change", when="before").says == "yes"


def test_change_says_nothing_where_no_onset_is_known() -> None:
    world = shop()

    assert judge(world, blamed(world, -20), look="change", when="before").says == "unknown"


def test_claim_that_blames_no_change_asks_for_one_nearby() -> None:
    world = slow()
    world.deployed("catalog", -25)

    assert judge(world, about("shop-db"), look="change", when="before").says == "yes"
    assert judge(world, about("api.pay.example"), look="change", when="before").says == "no"
    assert judge(world, about("shop-cache"), look="change", when="before", kinds=["access"]).says == "no"


def test_no_change_is_only_said_where_the_record_could_be_read() -> None:
    world = slow()
    world.denied["changes"] = "cloudtrail:LookupEvents"

    for when in ("before", "after", "none"):
        assert judge(world, about("shop-db"), look="change", when=when).says == "unknown"


def test_no_change_is_only_said_where_all_of_the_record_could_be_read() -> None:
    world = slow()
    world.unread = (Gap(what="the CloudTrail record", why="denied", permission="cloudtrail:LookupEvents"),)

    assert judge(world, about("shop-db"), look="change", when="before").says == "unknown"
    world.deployed("catalog", -25)
    assert judge(world, about("shop-db"), look="change", when="before").says == "yes"


@pytest.mark.parametrize(("minutes", "says"), [(-47, "no"), (-20, "no"), (-5, "no"), (-60, "yes")])
def test_no_change_means_none_from_half_an_hour_before_the_onset_until_now(minutes: int, says: str) -> None:
    world = slow()
    world.deployed("checkout", minutes)

    assert judge(world, about(), look="change", when="none").says == says


# What does the revision differ in?


@pytest.mark.parametrize(
    ("differences", "image", "settings"),
    [
        (("image",), "yes", "no"),
        (("environment.POOL_SIZE",), "no", "yes"),
        (("secret.DB_PASSWORD",), "no", "yes"),
        (("environment.POOL_SIZE", "image"), "yes", "no"),
        ((), "no", "no"),
    ],
)
def test_revision_is_told_by_what_it_differs_in(
    differences: tuple[str, ...], image: str, settings: str
) -> None:
    world = slow()
    change = world.deployed("checkout", -20, *differences)
    read = ("ecs_revision", {"service": "checkout", "after": change.after})

    one = judge(world, about(trigger=change), read, look="differs", has=["image"])
    other = judge(
        world, about(trigger=change), read, look="differs", has=["environment", "secret"], lacks=["image"]
    )

    assert (one.says, other.says) == (image, settings)


def test_difference_is_not_known_before_it_was_read_or_when_it_was_denied() -> None:
    world = slow()
    change = world.deployed("checkout", -20, "image")
    read = ("ecs_revision", {"service": "checkout", "after": change.after})

    assert judge(world, about(trigger=change), look="differs", has=["image"]).says == "unknown"
    world.denied["ecs_revision"] = "ecs:DescribeTaskDefinition"
    assert judge(world, about(trigger=change), read, look="differs", has=["image"]).says == "unknown"


# What is logged?


def test_new_pattern_is_told_with_its_count() -> None:
    world = slow()
    world.says("checkout", "ERROR NullPointerException in Cart", count=60)

    found = judge(world, about(), logs_of("checkout"), look="logs", newness="new")

    assert found.says == "yes"
    assert found.finding == "checkout logs “ERROR NullPointerException in Cart” (60 times, new)"


@pytest.mark.parametrize(
    ("count", "before", "new", "more"),
    [
        (60, 0, "yes", "yes"),
        (60, 30, "no", "yes"),
        (60, 100, "no", "no"),
        (4, 0, "no", "no"),
    ],
    ids=["new", "six times as often", "as often as ever", "a few lines"],
)
def test_novelty_and_growth_are_told_apart(count: int, before: int, new: str, more: str) -> None:
    world = slow()
    world.says("checkout", "ERROR cart is empty", count=count, before=before)

    found = [judge(world, about(), logs_of("checkout"), look="logs", newness=n).says for n in ("new", "more")]

    assert found == [new, more]


def test_known_noise_is_nothing_new() -> None:
    world = slow()
    world.says("checkout", "WARN slow client", count=20, before=60, level="warning")

    found = judge(world, about(), logs_of("checkout"), look="logs")

    assert (found.says, found.finding) == ("no", "checkout logged nothing new that says so")


def test_line_that_only_passes_trouble_on_is_not_its_own() -> None:
    world = slow()
    world.says("checkout", "ERROR call to api.pay.example timed out after 5000 ms")

    assert judge(world, about(), logs_of("checkout"), look="logs", own=True).says == "no"
    assert judge(world, about(), logs_of("checkout"), look="logs").says == "yes"


def test_place_is_matched_by_its_name_and_not_as_a_pattern() -> None:
    world = slow()
    world.says("checkout", "ERROR call to apixpayxexample timed out")

    found = judge(
        world, about("api.pay.example"), logs_of("checkout"), look="logs", of="callers", match="{where}"
    )

    assert found.says == "no"


def test_logs_are_not_known_where_they_were_not_asked_or_denied() -> None:
    world = slow()

    assert judge(world, about(), look="logs").says == "unknown"
    world.denied["logs checkout"] = "logs:FilterLogEvents"
    assert judge(world, about(), logs_of("checkout"), look="logs").says == "unknown"


def test_logs_of_several_are_not_known_while_one_of_them_could_not_be_read() -> None:
    world = slow()
    world.denied["logs checkout"] = "logs:FilterLogEvents"
    both = (logs_of("checkout"), logs_of("catalog"), logs_of("fulfilment"))

    assert judge(world, about("shop-db"), *both, look="logs", of="callers").says == "unknown"
    world.says("catalog", "ERROR too many connections")
    assert judge(world, about("shop-db"), *both, look="logs", of="callers").says == "yes"


def test_logs_of_what_has_no_log_group_are_not_known() -> None:
    assert judge(slow(), about("shop-cache"), look="logs").says == "unknown"


# What does the platform report?


def test_platform_event_counts_from_its_least_number_on() -> None:
    world = slow()
    world.told("checkout", "task_stopped", "Essential container exited", -16, times=2)

    for least, says in ((1, "yes"), (2, "yes"), (3, "no")):
        found = judge(
            world, about(), events_of("checkout"), look="happened", kind="task_stopped", least=least
        )
        assert found.says == says


def test_platform_events_are_not_known_where_they_were_not_asked_or_denied() -> None:
    world = slow()
    look: dict[str, Any] = {"look": "happened", "kind": "out_of_memory"}

    assert judge(world, about(), **look).says == "unknown"
    world.denied["ecs_events"] = "ecs:ListTasks"
    assert judge(world, about(), events_of("checkout"), **look).says == "unknown"
    assert judge(world, about("shop-db"), events_of("shop-db"), **look).says == "unknown"


# Which shape has a series?


@pytest.mark.parametrize("shape", ["sawtooth", "climb", "plateau"])
def test_shape_is_seen_or_not_or_not_known(shape: str) -> None:
    drawn: dict[str, Callable[[made.Floats], made.Floats]] = {
        "sawtooth": lambda t: np.where(t < -60, 50.0, 50 + 45 * ((t % 25) / 25)),
        "climb": lambda t: np.where(t < -60, 50.0, 50 + 0.7 * (t + 60)),
        "plateau": lambda t: np.where(t < -20, 50.0, 98.0),
    }
    world = slow()
    look: dict[str, Any] = {"look": "shape", "signal": "memory", "shape": shape}

    assert judge(world, about(), **look).says == "no"
    world.shaped("checkout", Signal.MEMORY, drawn[shape])
    assert judge(world, about(), **look).says == "yes"
    world.lost("checkout", Signal.MEMORY)
    assert judge(world, about(), **look).says == "unknown"


# The neighbourhood


def test_callers_are_counted_when_they_suffer_too() -> None:
    world = slow()

    assert judge(world, about("shop-cache"), look="callers", least=1).says == "yes"
    assert judge(world, about("shop-cache"), look="callers", least=2).says == "no"
    world.hurts("catalog")
    assert judge(world, about("shop-cache"), look="callers", least=2).says == "yes"


def test_callers_are_not_known_where_none_is_or_none_is_seen() -> None:
    world = slow()
    world.lost("web", Signal.ERRORS, Signal.LATENCY)

    assert judge(world, about(), look="callers", least=1).says == "unknown"
    assert judge(world, about("web"), look="callers", least=1).says == "unknown"


def test_called_is_what_something_of_ours_calls() -> None:
    world = slow()

    assert judge(world, about(), look="called").says == "yes"
    assert judge(world, about("web"), look="called").says == "no"
    assert judge(world, about("fulfilment"), look="called").says == "no"


def test_trouble_is_explained_by_earlier_trouble_below() -> None:
    world = slow()

    found = judge(world, about("web"), look="explained")

    assert found.says == "yes"
    assert found.finding.startswith("checkout ")


def test_trouble_that_came_later_below_explains_nothing() -> None:
    world = slow()
    world.moves("shop-db", Signal.CPU, 95, onset=-12)

    found = judge(world, about(), look="explained", kinds=["database"])

    assert (found.says, found.finding) == ("no", "shop-db below checkout stayed as usual")


def test_trouble_is_explained_where_most_failed_traces_end_below() -> None:
    world = slow()
    world.traces = {"checkout": {"shop-db": 8, "checkout": 3}}
    asked = ("xray_traces", {"service": "checkout"})
    look: dict[str, Any] = {"look": "explained", "kinds": ["database"]}

    assert looks.wants(LOOK.validate_python(look), about(), sight(world)) == (Want("traces", "checkout"),)
    assert judge(world, about(), **look).says != "yes"
    found = judge(world, about(), asked, **look)

    assert (found.says, found.source) == ("yes", "xray")
    assert found.finding == "8 of 11 failed traces of checkout end in shop-db"
    world.traces = {"checkout": {"shop-db": 5, "checkout": 5}}
    assert judge(world, about(), asked, **look).says != "yes"


def test_place_that_needs_nothing_of_that_kind_is_explained_by_nothing() -> None:
    found = judge(slow(), about("checkout"), look="explained", kinds=["function"])

    assert (found.says, found.finding) == ("no", "checkout needs nothing of that kind")


def test_explanation_is_not_known_where_what_is_below_could_not_be_seen() -> None:
    world = slow()
    world.lost("shop-db", *made.USUAL["database"])

    assert judge(world, about(), look="explained", kinds=["database"]).says == "unknown"
    assert judge(world, about("catalog"), look="explained", kinds=["database"]).says == "unknown"


def test_host_outside_explains_when_the_logs_speak_of_it_more_than_before() -> None:
    world = slow()
    look: dict[str, Any] = {"look": "explained", "kinds": ["external"]}

    assert judge(world, about(), **look).says == "unknown"
    assert judge(world, about(), logs_of("checkout"), **look).says == "no"
    world.says("checkout", "ERROR call to api.pay.example timed out")
    assert judge(world, about(), logs_of("checkout"), **look).says == "yes"


@pytest.mark.parametrize(
    ("running", "behind", "none"), [("3", "no", "no"), ("1", "yes", "no"), ("0", "yes", "yes")]
)
def test_tasks_are_counted_against_what_is_desired(running: str, behind: str, none: str) -> None:
    world = slow()
    world.sets("checkout", running=running)

    assert judge(world, about(), look="tasks", state="behind").says == behind
    assert judge(world, about(), look="tasks", state="none").says == none
    assert judge(world, about("shop-db"), look="tasks", state="behind").says == "unknown"


# Is it an incident at all?


@pytest.mark.parametrize(
    ("edited", "says"), [(-15, "yes"), (-70, "yes"), (-73, "no"), (-5, "no"), (None, "no")]
)
def test_alarm_edited_within_the_hour_before_it_fired_is_told(edited: float | None, says: str) -> None:
    world = shop()
    world.rings("checkout", edited=edited)

    assert judge(world, about(), look="alarm_edited").says == says


def test_alarm_of_another_says_nothing_about_this_place() -> None:
    world = shop()
    world.rings("web", edited=-15)

    assert judge(world, about(), look="alarm_edited").says == "no"


def test_edit_of_an_alarm_is_not_known_where_alarms_are_denied() -> None:
    world = shop()
    world.denied["alarms"] = "cloudwatch:DescribeAlarms"

    assert judge(world, about(), look="alarm_edited").says == "unknown"


def test_quiet_is_when_nothing_that_users_notice_moved() -> None:
    world = shop()

    assert judge(world, about(), look="quiet").says == "yes"
    world.hurts("catalog")
    assert judge(world, about(), look="quiet").says == "no"


def test_quiet_is_not_known_where_the_place_could_not_be_seen() -> None:
    world = shop()
    world.lost("checkout", Signal.ERRORS, Signal.LATENCY, Signal.REQUESTS)

    assert judge(world, about(), look="quiet").says == "unknown"


def test_quiet_is_not_known_where_points_stopped_coming() -> None:
    world = shop()
    for signal in made.USUAL["service"]:
        world.points["checkout", signal][-20:] = np.nan

    assert judge(world, about(), look="quiet").says == "unknown"


def test_place_is_in_trouble_by_any_signal_that_means_it() -> None:
    world = shop()

    assert judge(world, about("shop-db"), look="troubled").says == "no"
    world.moves("shop-db", Signal.DISK_QUEUE, 40)
    assert judge(world, about("shop-db"), look="troubled").says == "yes"
    world.lost("shop-db", *made.USUAL["database"])
    assert judge(world, about("shop-db"), look="troubled").says == "unknown"


def test_healed_is_what_came_back_by_itself() -> None:
    world = shop()

    assert judge(world, about(), look="healed").says == "no"
    world.moves("checkout", Signal.LATENCY, 3.0, onset=-30, end=-12)
    assert judge(world, about(), look="healed").says == "yes"
    world.hurts("catalog")
    assert judge(world, about(), look="healed").says == "no"


def test_healing_of_another_place_is_not_that_of_this_one() -> None:
    world = shop()
    world.moves("catalog", Signal.LATENCY, 3.0, onset=-30, end=-12)

    assert judge(world, about("catalog"), look="healed").says == "yes"
    assert judge(world, about("checkout"), look="healed").says == "no"


def test_healing_is_not_known_where_nothing_could_be_seen() -> None:
    world = shop()
    world.denied["series"] = "cloudwatch:GetMetricData"

    assert judge(world, about(), look="healed").says == "unknown"


def test_silence_of_one_while_others_go_on_is_told() -> None:
    world = shop()
    for signal in made.USUAL["service"]:
        world.points["checkout", signal][-20:] = np.nan

    assert judge(world, about(), look="silent").says == "yes"
    assert judge(world, about("web"), look="silent").says == "no"


def test_silence_of_everything_is_not_that_of_one() -> None:
    world = shop()
    for values in world.points.values():
        values[-20:] = np.nan

    assert judge(world, about(), look="silent").says == "no"


def test_silence_is_not_known_of_what_was_never_measured() -> None:
    world = shop()
    world.lost("checkout", *made.USUAL["service"])

    assert judge(world, about(), look="silent").says == "unknown"
    assert judge(world, about("api.pay.example"), look="silent").says == "unknown"


# What a look has to have asked before it can be answered


def test_look_wants_what_it_has_to_read() -> None:
    world = slow()
    change: Change = world.deployed("checkout", -20, "image")
    seen = sight(world)

    def wants(claim: Hypothesis, **look: Any) -> tuple[Want, ...]:
        return looks.wants(LOOK.validate_python(look), claim, seen)

    assert wants(about(), look="logs") == (Want("logs", "checkout"),)
    assert wants(about("shop-cache"), look="logs") == ()
    assert wants(about("api.pay.example"), look="logs", of="callers") == (Want("logs", "checkout"),)
    assert wants(about(), look="happened", kind="steady") == (Want("happenings", "checkout"),)
    assert wants(about("shop-db"), look="happened", kind="steady") == ()
    assert wants(about(trigger=change), look="differs") == (Want("revision", "checkout"),)
    assert wants(about(), look="differs") == ()
    assert wants(about(), look="explained") == (Want("logs", "checkout"),)
    assert wants(about("web"), look="explained") == ()
    assert wants(about(), look="shift", signals=["cpu"]) == ()


def test_regular_expression_in_a_name_harms_nothing() -> None:
    world = slow()
    name = "api.(pay"
    world.resources[name] = Resource(name=name, kind="external", id=name, system="internet")
    world.needs = (*world.needs, ("checkout", name))
    world.says("checkout", "ERROR call to api.(pay timed out")

    assert (
        judge(world, about(name), logs_of("checkout"), look="logs", of="callers", match="{where}").says
        == "yes"
    )
