"""The reasoner on made worlds: the right cause stands, the tempting one falls, blindness is admitted."""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta

import numpy as np
import pytest

from tests.workers import making
from tests.workers.agent import made, troubles
from tests.workers.agent.troubles import BY_MODE, TROUBLES, Trouble
from workers.agent.confidence import confidence
from workers.agent.sight import Sight
from workers.domain import event as events
from workers.domain.approval import ApprovalState, Asked
from workers.domain.budget import Budget
from workers.domain.conclusion import Conclusion, Outcome
from workers.domain.event import EVENT, Event, Stopped
from workers.domain.hypothesis import Hypothesis
from workers.domain.incident import Person
from workers.domain.investigation import Investigation, fold
from workers.domain.telemetry import Signal

SAID = {
    "alarm_edited": Outcome.NOT_AN_INCIDENT,
    "expected_load": Outcome.NOT_AN_INCIDENT,
    "telemetry_broken": Outcome.NOT_AN_INCIDENT,
    "self_healed": Outcome.RECOVERED,
}
PERMISSIONS = {
    "series": "cloudwatch:GetMetricData",
    "logs": "logs:FilterLogEvents",
    "ecs_events": "ecs:ListTasks",
    "ecs_revision": "ecs:DescribeTaskDefinition",
    "changes": "cloudtrail:LookupEvents",
}


def concluded(case: Investigation) -> Conclusion:
    assert case.conclusion is not None
    return case.conclusion


def named(case: Investigation) -> list[tuple[str, str, str]]:
    """What is blamed: the mode, the place, and the revision."""
    return [(cause.mode, cause.service, cause.revision) for cause in concluded(case).causes]


def findings(case: Investigation, hypothesis: str) -> str:
    return "\n".join(e.finding for e in case.evidence_for(hypothesis))


# Every failure mode


@pytest.mark.parametrize("trouble", TROUBLES, ids=lambda t: t.mode)
def test_right_hypothesis_stands_and_the_tempting_one_is_struck_out(trouble: Trouble) -> None:
    world = troubles.tempting(trouble.build())

    case = made.investigate(world, trouble.text)

    assert named(case) == [(trouble.mode, trouble.where, trouble.revision)]
    assert concluded(case).outcome is SAID.get(trouble.mode, Outcome.CAUSED)
    assert concluded(case).confidence.value >= 0.55
    cause = concluded(case).causes[0]
    assert trouble.decisive in findings(case, cause.hypothesis)
    tempted = [h for h in case.tree.nodes if h.trigger is not None and h.trigger.after == "web:7"]
    assert tempted
    assert {h.status for h in tempted} == {"pruned"}


@pytest.mark.parametrize("trouble", [t for t in TROUBLES if t.mode not in SAID], ids=lambda t: t.mode)
def test_deployment_after_the_onset_is_struck_out_with_the_reason(trouble: Trouble) -> None:
    case = made.investigate(troubles.tempting(trouble.build()), trouble.text)

    onset = Sight(case).onset
    assert onset is not None
    late = round((making.at(-12) - onset).total_seconds() / 60)
    [ruled_out] = [r for r in concluded(case).ruled_out if r.statement == "web:7, deployed to web, is faulty"]
    assert ruled_out.by == f"web:7 was deployed to web at 11:48 UTC, {late} minutes after the onset"


@pytest.mark.parametrize("tool", PERMISSIONS)
@pytest.mark.parametrize("trouble", TROUBLES, ids=lambda t: t.mode)
def test_denied_question_never_makes_a_wrong_cause(trouble: Trouble, tool: str) -> None:
    world = troubles.tempting(trouble.build())
    world.denied[tool] = PERMISSIONS[tool]

    case = made.investigate(world, trouble.text)

    said = concluded(case)
    if said.outcome is Outcome.INCONCLUSIVE:
        assert PERMISSIONS[tool] in {gap.permission for gap in said.gaps}
        assert PERMISSIONS[tool] in said.summary
        assert f"Grant {PERMISSIONS[tool]} to arn:aws:iam::1:user/worker." in said.next_steps
    elif trouble.revision:
        assert {(where, revision) for _, where, revision in named(case)} == {
            (trouble.where, trouble.revision)
        }
    else:
        assert named(case) == [(trouble.mode, trouble.where, "")]


DECISIVE = {
    "bad_deployment": "series",
    "config_change": "ecs_revision",
    "memory_leak": "changes",
    "third_party_down": "logs",
    "lock_contention": "logs",
    "traffic_surge": "series",
    "consumer_stopped": "series",
    "cache_stampede": "series",
    "alarm_edited": "series",
}


@pytest.mark.parametrize(("mode", "tool"), DECISIVE.items())
def test_denied_decisive_question_ends_inconclusive_with_the_permission_named(mode: str, tool: str) -> None:
    world = BY_MODE[mode].build()
    world.denied[tool] = PERMISSIONS[tool]

    said = concluded(made.investigate(world, BY_MODE[mode].text))

    assert said.outcome is Outcome.INCONCLUSIVE
    assert not said.causes
    assert said.confidence.value == 0
    assert f"I could not see everything: {PERMISSIONS[tool]} is missing." in said.summary


# What is not an incident, and what is not known


def test_nothing_wrong_is_not_an_incident() -> None:
    said = concluded(made.investigate(troubles.tempting(made.shop())))

    assert said.outcome is Outcome.NOT_AN_INCIDENT
    assert not said.causes
    assert said.headline == "Not an incident: everything is as usual"


def test_a_report_that_names_no_service_is_held_against_all_there_is() -> None:
    world = troubles.tempting(made.shop())

    said = concluded(made.investigate(world, "shop is slow"))

    assert said.outcome is Outcome.NOT_AN_INCIDENT
    assert said.summary.startswith("Everything that I see is as usual")
    for values in world.points.values():
        values[:] = np.nan
    blind = concluded(made.investigate(world, "shop is slow"))
    assert blind.outcome is Outcome.INCONCLUSIVE
    assert "I cannot see whether anything is wrong" in blind.summary


def test_silence_is_not_taken_for_health() -> None:
    world = made.shop()
    for (service, _), values in world.points.items():
        if service in ("checkout", "web", "catalog"):
            values[-20:] = np.nan

    said = concluded(made.investigate(world))

    assert said.outcome is not Outcome.NOT_AN_INCIDENT or said.causes
    assert "as usual" not in said.summary


def test_service_nobody_knows_is_said_to_be_unknown_with_the_nearest_names() -> None:
    world = made.shop()

    case = made.investigate(world, "why is checkuot slow?")

    said = concluded(case)
    assert said.outcome is Outcome.INCONCLUSIVE
    assert said.headline == "Unknown service: checkuot"
    assert "checkout" in said.summary
    assert "checkout" in said.next_steps[0]
    assert not case.tree.nodes


def test_service_unlike_any_other_is_said_to_be_unknown() -> None:
    said = concluded(made.investigate(made.shop(), "zanzibar-gateway is down"))

    assert said.headline == "Unknown service: zanzibar-gateway"
    assert said.next_steps == ("Mention me again with the name of a service as AWS knows it.",)


@pytest.mark.parametrize(
    "text",
    [
        "checkout is slow",
        "CHECKOUT is slow",
        "web is slow, is checkout at fault?",
        "`checkout` returns 500s!",
    ],
)
def test_service_that_is_named_is_understood(text: str) -> None:
    case = made.investigate(BY_MODE["bad_deployment"].build(), text)

    assert named(case) == [("bad_deployment", "checkout", "checkout:42")]


def test_report_without_a_name_finds_what_hurts() -> None:
    case = made.investigate(BY_MODE["bad_deployment"].build(), "customers see errors, please look")

    assert named(case) == [("bad_deployment", "checkout", "checkout:42")]


def test_two_troubles_that_explain_nothing_of_each_other_are_both_named() -> None:
    world = BY_MODE["consumer_stopped"].build()
    world.hurts("checkout", "web")
    world.deployed("checkout", -19, "image")
    world.says("checkout", "ERROR NullPointerException in Cart.total")

    said = concluded(made.investigate(world, "checkout is slow, and orders wait"))

    assert said.outcome in (Outcome.CAUSED, Outcome.SEVERAL_CAUSES)
    assert said.causes[0].revision == "checkout:42"


def test_lock_waits_are_the_cause_though_more_is_read_as_well() -> None:
    world = BY_MODE["lock_contention"].build()
    world.moves("shop-db", Signal.READS, 1500)

    case = made.investigate(world)

    assert named(case) == [("lock_contention", "shop-db", "")]


# Budgets


class Late:
    """A clock that jumps ahead as soon as the facts are known."""

    def __init__(self) -> None:
        self.looks = 0

    def __call__(self) -> datetime:
        self.looks += 1
        return making.NOON + timedelta(seconds=0 if self.looks < 12 else 700)


@pytest.mark.parametrize(
    ("budget", "limit"),
    [(Budget(iterations=0), "iterations"), (Budget(queries=2), "queries"), (Budget(), "seconds")],
    ids=["rounds", "queries", "seconds"],
)
def test_spent_budget_is_said_and_the_best_answer_given(budget: Budget, limit: str) -> None:
    clock = Late() if limit == "seconds" else made.Clock()
    run = made.investigator(
        BY_MODE["bad_deployment"].build(), made.begun("checkout is slow"), budget=budget, now=clock
    )

    events = list(run.run())

    [reached] = [e for e in events if e.type == "LimitReached"]
    assert reached.limit == limit
    assert events[-1].type == "Concluded"
    assert concluded(run.case).outcome is Outcome.INCONCLUSIVE
    assert "error rate 15 %" in concluded(run.case).summary


def test_budget_spent_after_the_cause_was_found_still_names_it() -> None:
    run = made.investigator(
        BY_MODE["bad_deployment"].build(), made.begun("checkout is slow"), budget=Budget(iterations=1)
    )

    list(run.run())

    assert named(run.case) == [("bad_deployment", "checkout", "checkout:42")]


# Resuming


def interrupted(trouble: Trouble, after: int) -> tuple[made.World, tuple[Event, ...]]:
    """The journal of a run that died after so many events, as the ledger would give it back."""
    world = troubles.tempting(trouble.build())
    run = made.investigator(world, made.begun(trouble.text))
    events: list[Event] = [making.reported(trouble.text)]
    story = run.run()
    for event in story:
        events.append(event)
        if len(events) > after:
            break
    return world, tuple(EVENT.validate_json(event.model_dump_json()) for event in events)


def elsewhere(state: ApprovalState, call: str, *, channel: str = "C1", minutes: float = 2) -> Asked:
    return Asked(call=call, channel=channel, state=state, decided_at=making.NOON - timedelta(minutes=minutes))


WAITS, NO = ApprovalState.PENDING, ApprovalState.REJECTED


@pytest.mark.parametrize(
    ("others", "why"),
    [
        ([elsewhere(WAITS, "same")], "the same change waits for a decision in another thread"),
        ([elsewhere(NO, "same")], "somebody rejected the same change at 11:58 UTC"),
        ([elsewhere(NO, "same", minutes=11)], ""),
        ([elsewhere(NO, "other")], ""),
        ([elsewhere(WAITS, "other")] * 3, "3 changes wait for a decision in this channel already"),
        ([elsewhere(WAITS, "other")] * 2, ""),
        ([elsewhere(WAITS, "other", channel="C2")] * 3, ""),
    ],
)
def test_people_who_are_asked_enough_are_not_asked_again(others: list[Asked], why: str) -> None:
    trouble = BY_MODE["bad_deployment"]
    same = made.investigate(trouble.build(), trouble.text).approvals[0].call.hash
    begun = made.begun(trouble.text)
    known = [one.model_copy(update={"call": same if one.call == "same" else one.call}) for one in others]
    here = [
        one.model_copy(update={"channel": begun.incident.thread.channel if one.channel == "C1" else "C2"})
        for one in known
    ]
    run = made.investigator(trouble.build(), begun, others=lambda: tuple(here))

    list(run.run())

    assert len(run.case.approvals) == (not why)
    assert [why in one.why for one in run.case.withheld] == [True] * bool(why)
    assert list(made.investigator(trouble.build(), run.case).run()) == []


def made_and_verified() -> tuple[made.World, Investigation]:
    """A deployment was taken back, and users are well."""
    trouble = BY_MODE["bad_deployment"]
    world = trouble.build()
    case = made.investigate(world, trouble.text)
    (approval,) = case.approvals
    at = making.NOON
    for event in (
        events.ApprovalDecided(at=at, approval=approval.id, state=ApprovalState.APPROVED),
        events.ChangeIntended(at=at, approval=approval.id, call=approval.call),
        events.ChangeMade(at=at, approval=approval.id, state={}),
        events.Verified(at=at, approval=approval.id, recovered=True, finding="checkout is well"),
    ):
        case = case.apply(event)
    return world, case


def wished(case: Investigation, person: Person = making.BEN) -> Investigation:
    return case.apply(events.RollbackAsked(at=making.NOON, approval=case.approvals[0].id, person=person))


def test_change_that_somebody_wants_taken_back_is_asked_for_anew_in_their_name() -> None:
    world, case = made_and_verified()
    first = case.approvals[0]
    run = made.investigator(world, wished(case))

    list(run.run())

    (_, back) = run.case.approvals
    assert back.call == first.rollback
    assert (back.undoes, back.requester, back.state) == (first.id, making.BEN, ApprovalState.PENDING)
    assert back.why == (f"takes back: {first.title}",)
    assert back.hash == back.digest() != first.hash
    assert run.case.phase == "waiting"
    assert list(made.investigator(world, run.case).run()) == []


def test_way_back_whose_state_cannot_be_read_is_not_asked_for_and_says_why() -> None:
    world, case = made_and_verified()
    world.denied["ecs_service"] = "ecs:DescribeServices"
    run = made.investigator(world, wished(case))

    *_, last = run.run()

    assert isinstance(last, events.RemedyWithheld)
    assert "ecs:DescribeServices" in last.why
    assert (run.case.phase, run.case.failures) == ("done", ())
    assert run.case.outcomes == case.outcomes
    assert len(run.case.approvals) == 1
    assert list(made.investigator(world, run.case).run()) == []
    world.denied.clear()
    again = made.investigator(world, wished(run.case))
    assert [e.type for e in again.run()][-1] == "ApprovalRequested"


def lengths(trouble: Trouble) -> Iterator[int]:
    yield from range(1, len(made.journal(troubles.tempting(trouble.build()), trouble.text)))


@pytest.mark.parametrize("mode", ["bad_deployment", "lock_contention", "alarm_edited"])
def test_run_interrupted_after_any_event_comes_to_the_same_conclusion(mode: str) -> None:
    trouble = BY_MODE[mode]
    whole = made.investigate(troubles.tempting(trouble.build()), trouble.text)

    for after in lengths(trouble):
        world, events = interrupted(trouble, after)
        died = fold(events)
        answered = {died.queries[key].call.hash for key in died.results}
        world.asked.clear()

        run = made.investigator(world, died)
        rest = list(run.run())

        assert run.case.conclusion == whole.conclusion, after
        assert len(run.case.approvals) == len(whole.approvals), after
        asked_again = [e.query.call for e in rest if e.type == "QueryAsked" and e.query.call.hash in answered]
        assert asked_again == [], after
        assert {e.id for e in run.case.evidence} == {e.id for e in whole.evidence}, after
        assert Counter(e.id for e in run.case.evidence).most_common(1)[0][1] == 1, after


def test_resumed_run_asks_its_systems_only_for_what_was_in_flight() -> None:
    trouble = BY_MODE["bad_deployment"]
    total = len(_asked(trouble, 0))

    for after in lengths(trouble):
        world, events = interrupted(trouble, after)
        died = fold(events)
        world.asked.clear()

        list(made.investigator(world, died).run())

        done = len(died.results)
        assert len(world.asked) <= total - done, after


def _asked(trouble: Trouble, after: int) -> list[object]:
    world = troubles.tempting(trouble.build())
    made.investigate(world, trouble.text)
    return list(world.asked)


def test_stopped_run_says_nothing_more() -> None:
    trouble = BY_MODE["bad_deployment"]
    world, events = interrupted(trouble, 12)
    died = fold((*events, Stopped(at=making.NOON, person=making.BEN)))

    assert list(made.investigator(world, died).run()) == []


# Confidence comes from evidence


def sure(case: Investigation, gaps: int = 0) -> float:
    hypothesis = confirmed(case)
    return confidence(case, hypothesis, gaps, Sight(case).above(hypothesis.where)).value


def confirmed(case: Investigation) -> Hypothesis:
    return case.tree.get(concluded(case).causes[0].hypothesis)


@pytest.mark.parametrize("trouble", [t for t in TROUBLES if t.mode != "traffic_surge"], ids=lambda t: t.mode)
def test_without_one_of_its_independent_sources_a_claim_is_less_sure(trouble: Trouble) -> None:
    case = made.investigate(trouble.build(), trouble.text)
    mine = confirmed(case).id
    best: dict[str, float] = {}
    for e in case.evidence_for(mine):
        if e.says == "supports" and e.role == "confirm" and e.strength != "none":
            best[e.source.split(" ")[0]] = 1

    for source in best:
        kept = tuple(
            e
            for e in case.evidence
            if e.hypothesis != mine or e.source.split(" ")[0] != source or e.role == "refute"
        )
        assert sure(case.model_copy(update={"evidence": kept})) < sure(case), source


@pytest.mark.parametrize("trouble", TROUBLES, ids=lambda t: t.mode)
@pytest.mark.parametrize("strength", ["strong", "weak"])
def test_contradiction_makes_a_claim_less_sure(trouble: Trouble, strength: str) -> None:
    case = made.investigate(trouble.build(), trouble.text)
    against = making.evidence(
        f"{confirmed(case).id}e99",
        hypothesis=confirmed(case).id,
        role="refute",
        says="contradicts",
        strength=strength,
    )

    assert sure(case.model_copy(update={"evidence": (*case.evidence, against)})) < sure(case)


@pytest.mark.parametrize("trouble", TROUBLES, ids=lambda t: t.mode)
def test_more_that_could_not_be_seen_makes_a_claim_less_sure(trouble: Trouble) -> None:
    case = made.investigate(trouble.build(), trouble.text)

    assert sure(case, 0) > sure(case, 1) > sure(case, 3)


def test_second_reading_of_the_same_witness_adds_nothing() -> None:
    case = made.investigate(BY_MODE["bad_deployment"].build())
    again = next(
        e for e in case.evidence_for(confirmed(case).id) if e.strength == "strong" and e.role == "confirm"
    )
    more = again.model_copy(update={"id": "again"})

    assert sure(case.model_copy(update={"evidence": (*case.evidence, more)})) == sure(case)


@pytest.mark.parametrize("trouble", TROUBLES, ids=lambda t: t.mode)
def test_confidence_lies_between_nothing_and_certainty_and_names_its_factors(trouble: Trouble) -> None:
    said = concluded(made.investigate(trouble.build(), trouble.text)).confidence

    assert 0 < said.value < 1
    assert {factor.name for factor in said.factors} >= {"independent witnesses", "contradiction", "rivals"}
    assert all(factor.how for factor in said.factors)


@pytest.mark.parametrize("trouble", TROUBLES, ids=lambda t: t.mode)
def test_what_is_unrelated_changes_nothing(trouble: Trouble) -> None:
    plain = made.investigate(trouble.build(), trouble.text)
    world = trouble.build()
    other = made.shop()
    for number, (key, values) in enumerate(other.points.items()):
        name = f"elsewhere-{key[0]}"
        world.resources[name] = other.resources[key[0]].model_copy(update={"name": name, "attributes": {}})
        world.points[name, key[1]] = np.random.default_rng(number).permutation(values)

    case = made.investigate(world, trouble.text)

    assert named(case) == named(plain)
    assert concluded(case).confidence == concluded(plain).confidence


# The remedy


@pytest.mark.parametrize("trouble", TROUBLES, ids=lambda t: t.mode)
def test_only_a_deployment_to_blame_is_offered_to_be_taken_back(trouble: Trouble) -> None:
    case = made.investigate(trouble.build(), trouble.text)

    taken_back = [approval for approval in case.approvals if approval.call.name == "ecs-update-service"]
    assert len(taken_back) == bool(trouble.revision)
    assert (
        len(case.remedies) == len(case.approvals) == bool(trouble.revision or trouble.mode == "traffic_surge")
    )
    for approval in taken_back:
        assert approval.call.arguments["taskDefinition"] == f"{trouble.where}:41"
        assert approval.rollback is not None
        assert approval.rollback.arguments["taskDefinition"] == trouble.revision
        assert approval.hash == approval.digest()
