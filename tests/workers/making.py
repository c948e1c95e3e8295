"""Values of the domain for tests: plausible throughout, so that a test says only what matters to it."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, get_args

from pydantic import JsonValue

from workers.domain import event as events
from workers.domain.approval import Approval, ApprovalState, Vote
from workers.domain.budget import Budget
from workers.domain.call import Failure, Gap, StateData, ToolCall, ToolData, ToolResult
from workers.domain.conclusion import Cause, Conclusion, Hop, Outcome, Picture, RuledOut, Watch
from workers.domain.confidence import Confidence, Factor
from workers.domain.event import Event
from workers.domain.evidence import CausalQuery, Evidence
from workers.domain.facts import Affected, Deviation, Facts
from workers.domain.hypothesis import Hypothesis
from workers.domain.incident import Incident, Person, Thread
from workers.domain.investigation import Investigation, begun
from workers.domain.naming import Candidate
from workers.domain.question import Exchange
from workers.domain.risk import Risk
from workers.domain.telemetry import Change, Passage, Series, Signal
from workers.domain.window import Window

NOON = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
ALICE = Person(id="U0ALICE", team="T0LOCAL")
BEN = Person(id="U0BEN", team="T0LOCAL")


def at(minutes: float = 0.0) -> datetime:
    """So many minutes after noon, when everything here is reported."""
    return NOON + timedelta(minutes=minutes)


def window(start: float = -180, end: float = 0) -> Window:
    return Window(start=at(start), end=at(end))


def incident(text: str = "checkout is slow", **fields: Any) -> Incident:
    plain: dict[str, Any] = {
        "requester": ALICE,
        "source": "mention",
        "thread": Thread(team="T0LOCAL", channel="C0INC", ts="1.2"),
        "at": NOON,
    }
    return Incident.model_validate({"text": text, **plain, **fields})


def reported(text: str = "checkout is slow", **fields: Any) -> events.IncidentReported:
    return events.IncidentReported(at=NOON, investigation="inv-1", incident=incident(text, **fields))


def case(*after: Event, text: str = "checkout is slow", **fields: Any) -> Investigation:
    """An investigation of `text` after these events."""
    found = begun(reported(text, **fields))
    for event in after:
        found = found.apply(event)
    return found


def series(
    values: Sequence[float | None],
    *,
    signal: Signal = Signal.LATENCY,
    service: str = "checkout",
    period: int = 60,
) -> Series:
    """A series that ends at noon."""
    end = NOON
    return Series(
        service=service,
        signal=signal,
        unit=UNITS.get(signal, "count"),
        stat="p95",
        window=Window(start=end - timedelta(seconds=period * max(1, len(values))), end=end),
        period=period,
        values=tuple(values),
        source=f"cloudwatch:AWS/ECS {signal}",
        lag=90,
    )


UNITS: dict[Signal, Any] = {
    Signal.LATENCY: "seconds",
    Signal.READ_LATENCY: "seconds",
    Signal.WRITE_LATENCY: "seconds",
    Signal.QUEUE_AGE: "seconds",
    Signal.CPU: "percent",
    Signal.MEMORY: "percent",
    Signal.ERROR_RATE: "ratio",
    Signal.HIT_RATIO: "ratio",
    Signal.FREE_STORAGE: "bytes",
    Signal.READS: "per_second",
    Signal.WRITES: "per_second",
}


def change(minutes: float = -20, **fields: Any) -> Change:
    plain: dict[str, Any] = {
        "id": "c1",
        "at": at(minutes),
        "kind": "deployment",
        "service": "checkout",
        "summary": "checkout:42 was deployed to checkout",
        "actor": "deploy-bot",
        "before": "checkout:41",
        "after": "checkout:42",
        "source": "cloudtrail",
    }
    return Change.model_validate({**plain, **fields})


def hypothesis(key: str = "h1", **fields: Any) -> Hypothesis:
    plain: dict[str, Any] = {
        "id": key,
        "where": "checkout",
        "mode": "bad_deployment",
        "statement": "checkout:42, deployed to checkout, is faulty",
    }
    return Hypothesis.model_validate({**plain, **fields})


def query(key: str = "q1", **fields: Any) -> CausalQuery:
    plain: dict[str, Any] = {
        "id": key,
        "role": "confirm",
        "call": ToolCall(name="logs", arguments={"service": "checkout"}, why="what checkout logs"),
        "window": window(-20, 0),
    }
    return CausalQuery.model_validate({**plain, **fields})


def answered(data: ToolData | None = None, **fields: Any) -> ToolResult:
    return ToolResult.model_validate({"data": data or StateData(), "at": at(1), "source": "aws", **fields})


def failed(kind: str = "denied", permission: str = "logs:FilterLogEvents") -> ToolResult:
    failure = Failure.model_validate(
        {
            "kind": kind,
            "message": f"access denied: {permission}",
            "permission": permission,
            "mend": f"Grant {permission}.",
        }
    )
    return ToolResult(failure=failure, at=at(1), source="logs")


def evidence(key: str = "h1e1", **fields: Any) -> Evidence:
    plain: dict[str, Any] = {
        "id": key,
        "hypothesis": key.split("e")[0],
        "role": "confirm",
        "look": "change",
        "finding": "checkout:42 was deployed to checkout at 11:40 UTC, 2 minutes before the onset",
        "says": "supports",
        "strength": "strong",
        "source": "cloudtrail",
        "at": at(1),
    }
    return Evidence.model_validate({**plain, **fields})


def deviation(**fields: Any) -> Deviation:
    plain: dict[str, Any] = {
        "service": "checkout",
        "signal": Signal.LATENCY,
        "unit": "seconds",
        "stat": "p95",
        "direction": "up",
        "baseline": 0.34,
        "now": 4.1,
        "peak": 4.4,
        "score": 31.2,
        "onset": at(-18),
        "slack": 60,
        "source": "cloudwatch:AWS/ApplicationELB TargetResponseTime",
    }
    return Deviation.model_validate({**plain, **fields})


def facts(**fields: Any) -> Facts:
    plain: dict[str, Any] = {
        "summary": "checkout: p95 latency 4.1 s (usually 340 ms) since 11:42 UTC.",
        "service": "checkout",
        "affected": (Affected(service="checkout", deviations=(deviation(),)),),
        "since": at(-18),
        "slack": 60,
        "trend": "worsening",
        "changes": (change(),),
        "mitigation": "Rolling checkout back to checkout:41 can itself be undone.",
        "mitigation_limits": "It helps only if checkout:42 is the cause.",
    }
    return Facts.model_validate({**plain, **fields})


def passage(**fields: Any) -> Passage:
    plain: dict[str, Any] = {
        "document": "runbooks/checkout-errors.md",
        "title": "Checkout answers with errors",
        "section": "After a deployment",
        "text": "Roll back first, ask later.",
        "link": "https://wiki.example.com/checkout-errors",
        "age_days": 12,
        "score": 0.8,
    }
    return Passage.model_validate({**plain, **fields})


def watch(**fields: Any) -> Watch:
    plain: dict[str, Any] = {
        "service": "checkout",
        "signal": Signal.LATENCY,
        "unit": "seconds",
        "stat": "p95",
        "healthy": "below",
        "bound": 0.5,
        "baseline": 0.34,
        "worst": 4.4,
    }
    return Watch.model_validate({**plain, **fields})


def confidence(value: float = 0.91) -> Confidence:
    factors = (
        Factor(name="independent witnesses", effect=0.91, how="3 independent sources support it"),
        Factor(name="contradiction", effect=1.0, how="nothing speaks against it"),
    )
    return Confidence(value=value, where=0.95, what=value, why=value, factors=factors)


def conclusion(**fields: Any) -> Conclusion:
    plain: dict[str, Any] = {
        "outcome": Outcome.CAUSED,
        "headline": "Bad deployment: checkout:42",
        "summary": "Checkout:42, deployed to checkout, is faulty. p95 latency 4.1 s (usually 340 ms).",
        "causes": (
            Cause(
                service="checkout",
                mode="bad_deployment",
                statement="checkout:42, deployed to checkout, is faulty",
                revision="checkout:42",
                change=change(),
                hypothesis="h1",
                evidence=("h1e1",),
            ),
        ),
        "confidence": confidence(),
        "path": (
            Hop(service="web", finding="web p95 latency rose to 4.3 s (usually 400 ms)", at=at(-17)),
            Hop(
                service="checkout", finding="checkout p95 latency rose to 4.1 s (usually 340 ms)", at=at(-18)
            ),
        ),
        "ruled_out": (
            RuledOut(
                hypothesis="h2",
                statement="web:7, deployed to web, is faulty",
                by="web:7 was deployed to web at 11:48 UTC, 6 minutes after the onset",
            ),
        ),
        "gaps": (
            Gap(
                what="what payments logs",
                about="payments",
                why="access denied: logs:FilterLogEvents",
                mend="Grant logs:FilterLogEvents.",
                permission="logs:FilterLogEvents",
            ),
        ),
        "next_steps": ("Roll checkout back to checkout:41.", "Compare checkout:41 with checkout:42."),
        "citations": (passage(),),
        "picture": Picture(
            title="checkout p95 latency",
            series=(series([0.3] * 40 + [4.1] * 18),),
            onset=at(-18),
            marks=((at(-20), "checkout:42"),),
        ),
        "watch": watch(),
    }
    return Conclusion.model_validate({**plain, **fields})


def call(revision: str = "checkout:41", **more: JsonValue) -> ToolCall:
    """The change that a card asks for."""
    arguments: dict[str, JsonValue] = {"cluster": "shop", "service": "checkout", "taskDefinition": revision}
    return ToolCall(name="ecs-update-service", arguments={**arguments, **more}, why="take back checkout:42")


def approval(**fields: Any) -> Approval:
    plain: dict[str, Any] = {
        "id": "5b1e4cfa9d0237e8aa10b2c3d4e5f607",
        "investigation": "inv-1",
        "title": "Run checkout:41 on checkout",
        "call": call(),
        "risk": Risk.LOW,
        "target": "ecs:shop",
        "why": ("checkout:42, deployed to checkout, is faulty",),
        "blast_radius": "All tasks of checkout in cluster shop are replaced, a few at a time.",
        "before": {"taskDefinition": "checkout:42", "desiredCount": 3},
        "rollback": call("checkout:42"),
        "watch": watch(),
        "requester": ALICE,
        "approvers": ("U0BEN", "U0CARO"),
        "quorum": 1,
        "created_at": at(2),
        "expires_at": at(17),
    }
    return Approval.model_validate({**plain, **fields}).sealed()


def vote(person: Person = BEN, decision: str = "approve", minutes: float = 3) -> Vote:
    return Vote.model_validate({"person": person, "decision": decision, "at": at(minutes)})


def model_answered(key: str = "k1", **fields: Any) -> events.ModelAnswered:
    plain: dict[str, Any] = {
        "at": at(0.9),
        "verb": "hypothesise",
        "key": key,
        "model": "claude-sonnet-5-5",
        "text": '{"claims": []}',
        "stop": "end_turn",
        "usage": {"input": 1200, "output": 40, "cached": 1500, "stored": 0},
        "dollars": 0.00295,
        "seconds": 2.1,
    }
    return events.ModelAnswered.model_validate({**plain, **fields})


def exchange(key: str = "t1", asked: str = "what changed?", *told: str) -> Exchange:
    return Exchange(id=key, asked=asked, told=told or ("No change is on record for the last 60 minutes.",))


def one_of_each() -> tuple[Event, ...]:
    """A whole story in which every kind of event happens once."""
    asked = approval()
    return (
        reported(),
        events.Joined(at=at(0.1), channel="C0INC", name="inc-checkout"),
        events.QueryAsked(at=at(0.2), query=query("f1", role="facts")),
        events.QueryAnswered(at=at(0.3), query="f1", result=answered(StateData(state={"a": 1}))),
        events.QueryAsked(at=at(0.2), query=query("f2", role="facts")),
        events.QueryFailed(at=at(0.3), query="f2", result=failed()),
        events.BudgetSet(at=at(0.4), budget=Budget()),
        events.FactsGathered(at=at(0.4), facts=facts()),
        events.HypothesisFormed(at=at(0.5), hypothesis=hypothesis("h1", trigger=change())),
        events.HypothesisFormed(at=at(0.5), hypothesis=hypothesis("h2", where="web")),
        events.HypothesisFormed(at=at(0.5), hypothesis=hypothesis("h3", where="shop-db")),
        events.EvidenceWeighed(at=at(0.7), hypothesis="h1", evidence=(evidence(),)),
        events.HypothesisPruned(at=at(0.8), hypothesis="h2", reason="web:7 came 6 minutes after the onset"),
        events.HypothesisBranched(
            at=at(0.8),
            hypothesis="h3",
            into=(hypothesis("h3.1", where="shop-db", mode="lock_contention", parent="h3", depth=2),),
            reason="shop-db logs lock waits",
        ),
        events.HypothesisConfirmed(at=at(0.9), hypothesis="h1", reason="a change shortly before the onset"),
        events.ReasonerSwitched(at=at(0.9), now="rules", was="model", why="the model does not answer"),
        events.ModelAsked(
            at=at(0.9),
            verb="conclude",
            key="k1",
            model="claude-sonnet-5-5",
            served="api.anthropic.com",
            tokens=900,
        ),
        model_answered(),
        events.Recalled(at=at(0.9), exchanges=(exchange(),)),
        events.Steered(at=at(0.9), person=BEN, text="the load test ended at 11:30"),
        events.NameAsked(
            at=at(0.9),
            word="checkout",
            candidates=(
                Candidate(name="checkout-api", kind="service", place="prod in eu-west-1"),
                Candidate(name="checkout-worker", kind="service"),
            ),
            taken="checkout-api",
        ),
        events.NameSettled(at=at(0.9), word="checkout", name="checkout-worker", person=BEN),
        events.LimitReached(at=at(0.9), limit="iterations", detail="10 rounds"),
        events.Answered(at=at(1), text="2 alarms of 9 fire.", lines=("checkout-5xx since 11:42 UTC",)),
        events.Concluded(at=at(1), conclusion=conclusion()),
        events.RemedyProposed(
            at=at(1.1), title="Roll checkout back to checkout:41", call=call(), hypothesis="h1", why="faulty"
        ),
        events.RemedyWithheld(at=at(1.2), title="Roll checkout back", call=call(), why="it was rejected"),
        events.ApprovalRequested(at=at(2), approval=asked),
        events.ApprovalVoted(at=at(3), approval=asked.id, vote=vote()),
        events.ApprovalDecided(at=at(3), approval=asked.id, state=ApprovalState.APPROVED),
        events.ApprovalExpired(at=at(3.1), approval=asked.id),
        events.ChangeIntended(at=at(3.2), approval=asked.id, call=asked.call),
        events.ChangeUnknown(at=at(3.3), approval=asked.id, why="the answer was lost"),
        events.ChangeMade(at=at(3.4), approval=asked.id, state={"taskDefinition": "checkout:41"}),
        events.Verified(
            at=at(5), approval=asked.id, recovered=True, finding="checkout p95 latency is 350 ms", value=0.35
        ),
        events.RollbackAsked(at=at(5.5), approval=asked.id, person=BEN),
        events.Failed(
            at=at(6), what="posting the picture", why="Slack refused it", mend="Grant files:write."
        ),
        events.Stopped(at=at(7), person=BEN),
    )


def names_of_events() -> tuple[str, ...]:
    """Every name that an event of the union can carry."""
    union = get_args(Event)[0]
    return tuple(get_args(kind.model_fields["type"].annotation)[0] for kind in get_args(union))
