"""Approved changes for the executor: asked for as a worker asks, decided as people decide."""

import json
from dataclasses import replace
from functools import cache
from itertools import count
from typing import Any

from knowledge.embedder import Embedder
from knowledge.retriever import Retriever
from tests.faults.hands import HURRIED
from tests.faults.plant import Plant
from tests.workers.sandbox.local_cloud import LocalCloud
from workers import wiring
from workers.domain.approval import Approval, ApprovalState, Vote
from workers.domain.call import ToolCall
from workers.domain.conclusion import Watch
from workers.domain.event import ApprovalDecided, ApprovalRequested, ApprovalVoted, Event, RemedyProposed
from workers.domain.incident import Incident, Person, Thread
from workers.executor import Hands
from workers.safety import approvals
from workers.safety.gate import Gate
from workers.safety.policy import Policy, policy
from workers.thread.posts import posts
from workers.tools.places import Places

_numbers = count(1)


class Changing:
    """One investigation with a change to approve; `over` are fields of the approval that differ."""

    def __init__(
        self,
        plant: Plant,
        cloud: LocalCloud,
        *,
        service: str = "checkout",
        call: ToolCall | None = None,
        watch: Watch | None = None,
        channel: str = "",
        thread: str = "",
        instead: ToolCall | None = None,
        **over: Any,
    ) -> None:
        self.plant, self.cloud, self.ledger, self.service = plant, cloud, plant.ledger, service
        self.team = plant.slack.ready["team_id"]
        self.alice, self.ben, self.carol = (self.person(key) for key in ("alice", "ben", "carol"))
        at = wiring.now()
        incident = Incident(
            text=f"{service} is slow",
            requester=self.alice,
            source="mention",
            thread=Thread(team=self.team, channel=channel or plant.slack.channels["incidents"], ts=thread),
            at=at,
        )
        self.investigation = self.ledger.accept(incident, (f"changing-{next(_numbers)}",), at).id
        self.ledger.claim(self.investigation, "asking")
        over |= {"watch": watch, **({"call": instead} if instead else {})}
        self.approval = self._ask(call or self.rollback(), over)
        self.ledger.release(self.investigation, "asking", self.ledger.load(self.investigation).seq)
        self.writes_before = len(self.cloud.ask("writes"))

    def person(self, key: str) -> Person:
        return Person(id=self.plant.slack.people[key], team=self.team)

    # -- asking

    def rollback(self) -> ToolCall:
        """The exact call that takes the service's newest revision back."""
        family, _, number = self.runs().rpartition(":")
        return ToolCall(
            name="ecs-update-service",
            arguments={
                "cluster": "shop",
                "service": self.service,
                "taskDefinition": f"{family}:{int(number) - 1}",
            },
        )

    def _ask(self, call: ToolCall, over: dict[str, Any]) -> Approval:
        at = wiring.now()
        remedy = RemedyProposed(at=at, title="Roll back", call=call, hypothesis="h1", why="it came with it")
        gate, rules = reader(self.plant)
        case = self.ledger.record(self.investigation, remedy)
        wanted = approvals.request(case, remedy, gate.run(approvals.reading(call)), rules, at)
        assert wanted is not None
        wanted = wanted.model_copy(update=over).sealed()
        self.ledger.record(self.investigation, ApprovalRequested(at=at, approval=wanted), render=posts)
        return wanted

    # -- deciding

    def vote(self, *people: Person, decided: bool = True, typed: str = "") -> None:
        """These people say yes; and, where `decided`, that is enough."""
        for person in people or (self.ben,):
            vote = Vote(person=person, decision="approve", at=wiring.now(), typed=typed)
            self.record(ApprovalVoted(at=vote.at, approval=self.approval.id, vote=vote))
        if decided:
            approved = ApprovalState.APPROVED
            self.record(ApprovalDecided(at=wiring.now(), approval=self.approval.id, state=approved))

    def record(self, *events: Event) -> None:
        self.ledger.record(self.investigation, *events, render=posts)

    # -- what came of it

    @property
    def state(self) -> ApprovalState:
        found = self.ledger.approval(self.approval.id)
        assert found is not None
        return found.state

    def steps(self) -> list[str]:
        """The kinds of what happened since it was asked for, readings left out."""
        kinds = [event.type for event in self.ledger.journal(self.investigation)]
        since = kinds[kinds.index("ApprovalRequested") + 1 :]
        return [kind for kind in since if not kind.startswith("Query")]

    def reason(self) -> str:
        """Why it was revoked, or refused."""
        case = self.ledger.load(self.investigation)
        failed = [f"{f.why} {f.mend}" for f in case.failures if f.approval == self.approval.id]
        return " ".join([case.reasons.get(self.approval.id, ""), *failed])

    def writes(self) -> list[dict[str, Any]]:
        """What the cloud was asked to change since this change was asked for."""
        return self.cloud.ask("writes")[self.writes_before :]

    def runs(self) -> str:
        """The revision that the service is at."""
        return self.describe()["taskDefinition"].rpartition("/")[2]

    def describe(self) -> dict[str, Any]:
        ecs = self.cloud.client("ecs")
        return ecs.describe_services(cluster="shop", services=[self.service])["services"][0]

    def card(self) -> str:
        """The text of the card as it would be shown now."""
        held = self.ledger.hold(self.investigation, "reader")
        for one in held:
            self.ledger.deferred(one.id, 0.0)
        bodies = [one.post for one in held if one.post.key.startswith("card")]
        return json.dumps([[post.text, *post.blocks] for post in bodies], ensure_ascii=False)

    def hands(self, **over: Any) -> Hands:
        """An executor in this process."""
        gate, places = _executor(self.plant)
        made = Hands(
            ledger=self.ledger,
            queue=self.plant.queue,
            gate=gate,
            places=places,
            policy=policy(self.plant.settings("executor")),
            patience=HURRIED,
        )
        return replace(made, **over)


# Clients of AWS take longer to make than most tests take.


@cache
def reader(plant: Plant) -> tuple[Gate, Policy]:
    settings = plant.settings("worker")
    search = Retriever(wiring.store(settings), Embedder())
    return wiring.investigating(wiring.reading(settings), search), policy(settings)


@cache
def _executor(plant: Plant) -> tuple[Gate, Places]:
    return wiring.verifying(plant.settings("executor"))
