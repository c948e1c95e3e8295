"""Answers to questions, from what the systems say; what could not be read is said."""

from typing import Any

import pytest
from pydantic import JsonValue

from tests.workers import making
from tests.workers.agent import made, troubles
from tests.workers.agent.made import World
from workers.agent import wellness
from workers.domain import question
from workers.domain.call import Gap
from workers.domain.event import Answered, QueryAsked
from workers.domain.investigation import Investigation
from workers.domain.telemetry import Resource, Signal


def asked(world: World, text: str) -> Investigation:
    run = made.investigator(world, begun(text))
    for _ in run.run():
        pass
    return run.case


def begun(text: str) -> Investigation:
    read = question.read(text)
    assert read is not None, text
    return making.case(text=text, question=read)


def answer(world: World, text: str) -> Answered:
    case = asked(world, text)
    assert case.reply is not None
    assert case.phase == "done"
    assert case.conclusion is None
    return case.reply


def test_what_runs_is_counted_by_kind_and_named() -> None:
    world = made.shop()
    world.rings("checkout")

    said = answer(world, "what's running in prod?")

    every = "I see 4 services, 1 database, 1 cache, 1 queue and 1 external."
    assert said.text == f"{every} Of 8 I do not know whether they are prod."
    assert "checkout (service, 3 of 3 running), alarm checkout-latency fires" in said.lines
    assert said.sources == ("aws", "cloudwatch:alarms")


def test_what_is_of_another_environment_does_not_run_in_prod() -> None:
    world = made.shop()
    for service in ("web", "catalog"):
        world.sets(service, environment="prod")
    world.sets("checkout", environment="staging")

    prod, staging = (answer(world, f"what's running in {one}?") for one in ("production", "staging"))
    everywhere = answer(world, "what's running?")

    assert prod.text.startswith("I see 3 services, ")
    assert prod.text.endswith("Of 5 I do not know whether they are prod.")
    assert not any(line.startswith("checkout") for line in prod.lines)
    assert any(line.startswith("checkout") for line in staging.lines)
    assert everywhere.text == "I see 4 services, 1 database, 1 cache, 1 queue and 1 external."


def test_what_there_is_is_counted_by_service_and_named() -> None:
    world = made.shop()
    shown = {"region": "us-east-1", "created": "2026-01-02", "size": "3", "more": "untold"}
    world.estate = [
        Resource(name="invoices", kind="unknown", id="invoices", system="aws:s3-buckets", attributes=shown),
        Resource(name="labels", kind="function", id="labels", system="aws:lambda-functions"),
    ]

    said = answer(world, "show me all S3 buckets and Lambda functions")

    assert said.text == "I see s3 buckets (1) and lambda functions (1)."
    assert said.lines == ("invoices (region us-east-1, created 2026-01-02, size 3)", "labels")
    assert world.asked[-1].arguments["what"] == "s3 buckets and lambda functions"


def test_nothing_found_is_no_empty_answer_where_a_part_could_not_be_read() -> None:
    world = made.shop()
    assert answer(world, "list our buckets").text == "I see none."

    world.denied["aws_query"] = "s3:ListBuckets"
    assert answer(world, "list our buckets").text == (
        "I cannot tell what there is of “buckets”: it could not be read."
    )


def test_changes_reach_as_far_back_as_was_asked_and_are_about_what_was_asked() -> None:
    world = made.shop()
    world.deployed("checkout", -20, revision=42)
    world.deployed("checkout", -100, revision=41)
    world.deployed("web", -10, revision=7)

    hour = answer(world, "what changed in checkout?")
    longer = answer(world, "what changed in checkout in the last 3 hours?")

    assert hour.text == "I know of 1 change of checkout in the last 60 minutes, the newest first."
    assert hour.lines == ("11:40 UTC: checkout:42 was deployed to checkout",)
    assert [line.split()[2] for line in longer.lines] == ["checkout:42", "checkout:41"]


def test_who_changed_a_bucket_is_told_and_nobody_is_suspected_for_it() -> None:
    world = troubles.bad_deployment()
    world.changed("access", "invoices", -30, "PutBucketPolicy on invoices", system="aws:s3-buckets")
    world.changed("configuration", "orders", -25, "SetQueueAttributes on orders", system="aws:sqs-queues")

    who = answer(world, "who changed bucket invoices?")
    well = answer(world, "is checkout ok?")

    assert who.text == "I know of 1 change of invoices in the last 24 hours, the newest first."
    assert who.lines == ("11:30 UTC: PutBucketPolicy on invoices",)
    assert not any("invoices" in line for line in well.lines)
    assert "11:35 UTC: SetQueueAttributes on orders" in well.lines  # checkout needs it


def test_bucket_that_nobody_changed_is_said_to_be_unchanged() -> None:
    said = answer(made.shop(), "who changed bucket invoices in the last 3 hours?")

    assert said.text == "No change of “bucket invoices” is on record for the last 3 hours."


def test_alarms_that_fire_are_told_and_that_none_does() -> None:
    world = made.shop()
    assert answer(world, "which alarms are firing?").text == "No alarm fires. I watch 0 alarms."

    world.rings("checkout", since=-12)

    assert answer(world, "which alarms are firing?").lines == ("checkout-latency since 11:48 UTC",)


def test_whether_a_service_is_well_is_measured() -> None:
    assert "checkout is as usual" in answer(made.shop(), "is checkout ok?").text

    said = answer(troubles.bad_deployment(), "is checkout ok?")

    assert "checkout: error rate" in said.text
    assert "11:41 UTC: checkout:42 was deployed to checkout" in said.lines


def test_how_a_thing_is_doing_is_measured_and_what_got_worse_is_said_first() -> None:
    well = answer(made.shop(), "is the orders queue healthy?")
    world = made.shop()
    world.moves("orders", Signal.QUEUE_DEPTH, to=900)
    world.moves("orders", Signal.SENT, to=4000)

    badly = answer(world, "is the orders queue healthy?")

    assert well.text.startswith("orders: as usual, by ")
    assert any(line.startswith("orders waiting messages: ") for line in well.lines)
    assert badly.text.startswith("Not all is well: orders waiting messages rose to ")
    assert badly.text.count("rose") == 1  # more is sent: unusual, and no ill by itself
    assert badly.lines[0].startswith("orders messages sent rose to ")


def test_thing_that_nobody_measures_is_neither_well_nor_ill() -> None:
    world = made.shop()
    assert answer(world, "how is table carts doing?").text == "I see nothing called “table carts”."

    world.unread = (Gap(what="metrics of carts", why="CloudWatch keeps none of it"),)
    told = answer(world, "how is table carts doing?")
    assert told.text == "CloudWatch tells nothing of “table carts”."
    assert told.gaps == ("metrics of carts: CloudWatch keeps none of it",)

    world.denied["aws_watch"] = "cloudwatch:GetMetricData"
    assert answer(world, "how is table carts doing?").text == (
        "I cannot tell how “table carts” is doing: it could not be read."
    )


@pytest.mark.parametrize(
    ("signal", "healthy", "worse"),
    [("cpu", None, True), ("hit_ratio", None, False), ("other", "low", True), ("other", "high", False)],
)
def test_what_rises_got_worse_only_where_low_is_healthy(signal: str, healthy: Any, worse: bool) -> None:
    risen = making.series([10.0] * 60 + [90.0] * 20, signal=Signal(signal)).model_copy(
        update={"healthy": healthy}
    )

    (shift,) = wellness.off([risen])

    assert wellness.worse(risen, shift) is worse


def test_who_needs_whom_and_where_its_requests_and_lines_are() -> None:
    said = answer(made.shop(), "what does checkout depend on?")

    assert said.lines == (
        "checkout needs shop-db, shop-cache, orders and api.pay.example",
        "web needs checkout",
        "checkout has the target group targetgroup/checkout/1",
        "checkout has the log group /ecs/checkout",
    )


def test_a_place_that_nobody_knows_is_said_to_be_unknown() -> None:
    assert answer(made.shop(), "who calls basket?").text == "I know nothing called “basket”."


def test_what_takes_a_model_is_said_to_and_nothing_is_read_for_it() -> None:
    world = made.shop()

    said = answer(world, "which service has the highest error rate?")

    assert said.text.startswith("I cannot tell")
    assert world.asked == []


@pytest.mark.parametrize(
    ("text", "denied", "said"),
    [
        ("what changed?", "changes", "I cannot tell what changed: it could not be read."),
        ("which alarms are firing?", "alarms", "I cannot tell which alarms fire: it could not be read."),
        ("what's running?", "topology", "I cannot tell what runs: it could not be read."),
    ],
)
def test_what_could_not_be_read_is_no_empty_answer(text: str, denied: str, said: str) -> None:
    world = made.shop()
    world.denied[denied] = "some:Permission"

    told = answer(world, text)

    assert told.text == said
    assert any("some:Permission" in gap for gap in told.gaps)


def test_an_answer_that_was_interrupted_asks_only_for_what_is_missing() -> None:
    world = made.shop()
    run = made.investigator(world, begun("what's running?"))
    for event in run.run():
        if isinstance(event, QueryAsked):
            break
    half = run.case

    again = made.investigator(world, half)
    for _ in again.run():
        pass

    assert again.case.reply is not None
    assert sorted(again.case.queries) == ["a-alarms", "a-topology"]
    assert again.case.reply.lines == asked(world, "what's running?").reply.lines  # pyright: ignore[reportOptionalMemberAccess] — asked above


def test_what_was_spent_is_told_with_what_rose_most() -> None:
    world = made.shop()
    rose: JsonValue = {"service": "Amazon Bedrock", "cost": 71.0, "before": 0.4}
    fell: JsonValue = {"service": "Amazon ECS", "cost": 90.0, "before": 100.0}
    same: JsonValue = {"service": "AWS KMS", "cost": 1.0, "before": 1.0}
    days: JsonValue = [{"day": "2026-03-02", "cost": 75.5}, {"day": "2026-03-03", "cost": 86.5}]
    world.spent = {
        "unit": "USD",
        "days": 2,
        "until": "2026-03-04",
        "total": 162.0,
        "before": 101.4,
        "services": [rose, same, fell],
        "by_day": days,
    }

    said = answer(world, "why did our costs go up in the last 2 days?")

    assert said.text == (
        "AWS cost $162.00 in the 2 days until 2026-03-04, $60.60 (60%) more than the 2 days before."
    )
    assert said.lines == (
        "Amazon Bedrock: $71.00, $70.60 more than before",
        "AWS KMS: $1.00, as much as before",
        "Amazon ECS: $90.00, $10.00 (10%) less than before",
        "The dearest day was 2026-03-03: $86.50",
    )


def test_spending_that_cannot_be_read_is_not_nothing() -> None:
    world = made.shop()
    world.denied["aws_cost"] = "ce:GetCostAndUsage"

    said = answer(world, "what did we spend?")

    assert said.text == "I cannot tell what was spent: it could not be read."
    assert any("ce:GetCostAndUsage" in gap for gap in said.gaps)
