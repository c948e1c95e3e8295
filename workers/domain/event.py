"""Everything that can happen in an investigation, past tense and complete.

A reader with only these can redraw the thread. The names are for ever: they stand in ledgers.
"""

from typing import Annotated, Literal

from pydantic import AwareDatetime, Field, JsonValue, TypeAdapter

from workers.domain.approval import Approval, ApprovalState, Vote
from workers.domain.budget import Budget
from workers.domain.call import Thought, ToolCall, ToolResult, ToolUse
from workers.domain.conclusion import Conclusion
from workers.domain.evidence import CausalQuery, Evidence
from workers.domain.facts import Facts
from workers.domain.hypothesis import Hypothesis
from workers.domain.incident import Incident, Person
from workers.domain.naming import Candidate
from workers.domain.question import Exchange
from workers.domain.usage import Usage
from workers.domain.value import Value


class Happened(Value):
    """What every event carries."""

    at: AwareDatetime


class IncidentReported(Happened):
    type: Literal["IncidentReported"] = "IncidentReported"
    investigation: str
    incident: Incident


class Joined(Happened):
    type: Literal["Joined"] = "Joined"
    channel: str
    name: str


class BudgetSet(Happened):
    """What this investigation may spend from here on."""

    type: Literal["BudgetSet"] = "BudgetSet"
    budget: Budget


class FactsGathered(Happened):
    type: Literal["FactsGathered"] = "FactsGathered"
    facts: Facts


class HypothesisFormed(Happened):
    type: Literal["HypothesisFormed"] = "HypothesisFormed"
    hypothesis: Hypothesis


class HypothesisBranched(Happened):
    type: Literal["HypothesisBranched"] = "HypothesisBranched"
    hypothesis: str
    into: tuple[Hypothesis, ...]
    reason: str


class HypothesisPruned(Happened):
    """`seen` is false where what would have decided the claim could not be read: it is not ruled out."""

    type: Literal["HypothesisPruned"] = "HypothesisPruned"
    hypothesis: str
    reason: str
    seen: bool = True


class HypothesisConfirmed(Happened):
    type: Literal["HypothesisConfirmed"] = "HypothesisConfirmed"
    hypothesis: str
    reason: str


class QueryAsked(Happened):
    type: Literal["QueryAsked"] = "QueryAsked"
    query: CausalQuery


class QueryAnswered(Happened):
    type: Literal["QueryAnswered"] = "QueryAnswered"
    query: str
    result: ToolResult


class QueryFailed(Happened):
    type: Literal["QueryFailed"] = "QueryFailed"
    query: str
    result: ToolResult


class EvidenceWeighed(Happened):
    type: Literal["EvidenceWeighed"] = "EvidenceWeighed"
    hypothesis: str
    evidence: tuple[Evidence, ...]


class ReasonerSwitched(Happened):
    type: Literal["ReasonerSwitched"] = "ReasonerSwitched"
    now: str
    was: str
    why: str


class ModelAsked(Happened):
    """A prompt leaves for a model: written down before it does, again by whoever resumes in the middle of it.

    `key` is the hash of the prompt, which can be made again from the journal; `served` says who serves the
    model; `tokens` are as many as the prompt has at most.
    """

    type: Literal["ModelAsked"] = "ModelAsked"
    verb: Literal["hypothesise", "conclude", "answer"]
    key: str
    model: str
    served: str
    tokens: int


class ModelAnswered(Happened):
    """What a model said, word for word, before anything is made of it.

    `key` is the question's: while it stands here, the same question is not asked again. `stop` is the
    provider's word for why the answer ended, `dollars` its price where that is known, `seconds` its duration.
    `uses` are the tools that it wants asked before it answers, `thoughts` what it thought before it said so.
    """

    type: Literal["ModelAnswered"] = "ModelAnswered"
    verb: Literal["hypothesise", "conclude", "answer"]
    key: str
    model: str
    text: str
    stop: str
    usage: Usage
    dollars: float | None = None
    seconds: float = 0.0
    thoughts: tuple[Thought, ...] = ()
    uses: tuple[ToolUse, ...] = ()


class Recalled(Happened):
    """What was said in the thread before a question, the oldest first: its answer may rest on it."""

    type: Literal["Recalled"] = "Recalled"
    exchanges: tuple[Exchange, ...]


class Steered(Happened):
    """A person said something that bears on a running investigation.

    `offset` is how many seconds their clock is ahead of UTC, `message` what they said it in.
    """

    type: Literal["Steered"] = "Steered"
    person: Person
    text: str
    offset: int = 0
    message: str = ""


class NameAsked(Happened):
    """A word of the report may mean several things; until somebody says which, it is taken for `taken`."""

    type: Literal["NameAsked"] = "NameAsked"
    word: str
    candidates: tuple[Candidate, ...]
    taken: str


class NameSettled(Happened):
    """What a word means, as a person said now or before (`remembered`); no name is none of what was asked."""

    type: Literal["NameSettled"] = "NameSettled"
    word: str
    name: str
    person: Person
    remembered: bool = False


class LimitReached(Happened):
    """A budget ran out: a warning, after which the best answer so far is given.

    After `tokens` and `dollars`, which only a model spends, the rules go on.
    """

    type: Literal["LimitReached"] = "LimitReached"
    limit: Literal["iterations", "seconds", "queries", "depth", "tokens", "dollars"]
    detail: str


class Answered(Happened):
    """The answer to a question that was no incident; `gaps` say what could not be read for it.

    `citations` are the ids of the queries and exchanges that it rests on, where a model says so.
    """

    type: Literal["Answered"] = "Answered"
    text: str
    lines: tuple[str, ...] = ()
    gaps: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    citations: tuple[str, ...] = ()


class Concluded(Happened):
    type: Literal["Concluded"] = "Concluded"
    conclusion: Conclusion


class RemedyProposed(Happened):
    """A change that the failure mode's row names. `call` is the exact call that would be asked for."""

    type: Literal["RemedyProposed"] = "RemedyProposed"
    title: str
    call: ToolCall
    hypothesis: str
    why: str


class RemedyWithheld(Happened):
    """A change was not asked for: people have enough to decide on, have decided, or it could not be read.

    `undoes` is the approval of the change that it would have taken back.
    """

    type: Literal["RemedyWithheld"] = "RemedyWithheld"
    title: str
    call: ToolCall
    why: str
    undoes: str = ""


class ApprovalRequested(Happened):
    type: Literal["ApprovalRequested"] = "ApprovalRequested"
    approval: Approval


class ApprovalVoted(Happened):
    type: Literal["ApprovalVoted"] = "ApprovalVoted"
    approval: str
    vote: Vote


class ApprovalDecided(Happened):
    """Approved or rejected by people, or revoked before use; `reason` says why it was revoked."""

    type: Literal["ApprovalDecided"] = "ApprovalDecided"
    approval: str
    state: ApprovalState
    reason: str = ""


class ApprovalExpired(Happened):
    type: Literal["ApprovalExpired"] = "ApprovalExpired"
    approval: str


class ChangeIntended(Happened):
    """Written before the call leaves; from here on the approval is spent."""

    type: Literal["ChangeIntended"] = "ChangeIntended"
    approval: str
    call: ToolCall


class ChangeMade(Happened):
    """The system took the call. `state` is what it answered."""

    type: Literal["ChangeMade"] = "ChangeMade"
    approval: str
    state: dict[str, JsonValue]


class ChangeUnknown(Happened):
    """The call left and no answer came: it may or may not have had its effect."""

    type: Literal["ChangeUnknown"] = "ChangeUnknown"
    approval: str
    why: str


class Verified(Happened):
    """Somebody looked whether users are well again; `recovered` false is as much a finding as true."""

    type: Literal["Verified"] = "Verified"
    approval: str
    recovered: bool
    finding: str
    value: float | None = None


class RollbackAsked(Happened):
    """Somebody wants a change taken back. `approval` is that of the change; the way back needs its own."""

    type: Literal["RollbackAsked"] = "RollbackAsked"
    approval: str
    person: Person


class Stopped(Happened):
    type: Literal["Stopped"] = "Stopped"
    person: Person | None = None


class Failed(Happened):
    """Something could not be done. With `approval`: its system refused that change, nothing altered."""

    type: Literal["Failed"] = "Failed"
    what: str
    why: str
    mend: str = ""
    approval: str = ""


Event = Annotated[
    IncidentReported
    | Joined
    | BudgetSet
    | FactsGathered
    | HypothesisFormed
    | HypothesisBranched
    | HypothesisPruned
    | HypothesisConfirmed
    | QueryAsked
    | QueryAnswered
    | QueryFailed
    | EvidenceWeighed
    | ReasonerSwitched
    | ModelAsked
    | ModelAnswered
    | Recalled
    | Steered
    | NameAsked
    | NameSettled
    | LimitReached
    | Answered
    | Concluded
    | RemedyProposed
    | RemedyWithheld
    | ApprovalRequested
    | ApprovalVoted
    | ApprovalDecided
    | ApprovalExpired
    | ChangeIntended
    | ChangeMade
    | ChangeUnknown
    | Verified
    | RollbackAsked
    | Stopped
    | Failed,
    Field(discriminator="type"),
]

EVENT: TypeAdapter[Event] = TypeAdapter(Event)
