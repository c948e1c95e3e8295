"""Investigations of the ledger as cases: written without secrets and people, replayed, labelled, scored."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import JsonValue

from tests.workers import making
from tests.workers.evals.test_evals import said
from tests.workers.evals.test_rootcausebench import CULPRIT, DECOY, write
from workers.agent.investigator import Budget, Investigator
from workers.agent.rules import RuleReasoner
from workers.domain import event as events
from workers.domain.approval import ApprovalState
from workers.domain.call import LogData, SeriesData, ToolCall
from workers.domain.errors import RunbookError
from workers.domain.event import Event
from workers.domain.incident import Incident
from workers.domain.investigation import Investigation
from workers.domain.telemetry import LogPattern
from workers.evals.answering import NOBODY, answer, investigated
from workers.evals.recorded import TOOLSET, Recorded
from workers.evals.recording import record
from workers.evals.replay import Replay
from workers.evals.scoring import score
from workers.evals.sets import cases, found, truths
from workers.ledger import Ledger, connect, migrate
from workers.safety.gate import Gate

SECRET = "AKIAIOSFODNN7EXAMPLE"
AUTHOR = "bo.miller@example.com"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Recorded:
    """A system with an alarm, metrics, logs, and a commit of somebody's that broke it."""
    commits = [commit | {"author": AUTHOR} for commit in (CULPRIT, DECOY)]
    root = write(tmp_path_factory.mktemp("world"), commits)
    return next(cases(root, "rootcausebench"))


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ledger]:
    url = f"sqlite:///{tmp_path_factory.mktemp('ledger') / 'ledger.db'}"
    migrate(url)
    one = Ledger(connect(url))
    yield one
    one.close()


@pytest.fixture(scope="module")
def case(world: Recorded, ledger: Ledger) -> Investigation:
    """An investigation of that system in the ledger, for which a person gave a hint."""
    asked = making.incident(f"<@U0CARO> says {world.text}", at=world.at, source="alert")
    return investigate(
        world, ledger, asked, events.Steered(at=world.at, person=making.BEN, text="look at shop")
    )


def investigate(world: Recorded, ledger: Ledger, asked: Incident, *hints: Event) -> Investigation:
    key = ledger.accept(asked, [asked.text], world.at).id
    gate = Gate([(TOOLSET, world)], lambda: world.at)
    run = Investigator(ledger.load(key), RuleReasoner(), gate, NOBODY, Budget(), lambda: world.at)
    told = list(hints)
    for event in run.run():
        ledger.append(key, run.case.seq, event)
        if told and isinstance(event, events.FactsGathered):
            run.case = ledger.record(key, told.pop())
    return run.case


def replayed(data: Path) -> Recorded:
    (one,) = cases(data, "incidents")
    return one


def everything(data: Path) -> str:
    return "\n".join(path.read_text() for path in data.rglob("*") if path.is_file())


def test_an_investigation_is_recorded_and_comes_to_the_same_conclusion_again(
    case: Investigation, ledger: Ledger, tmp_path: Path
) -> None:
    record(ledger.journal(case.id), tmp_path)
    again = investigated(replayed(tmp_path), RuleReasoner())

    assert case.conclusion is not None
    assert again.conclusion is not None
    assert case.conclusion.headline == f"Faulty change: {CULPRIT['sha'][:12]}"
    told = case.conclusion.model_dump_json()
    assert AUTHOR in told
    number = next(c.change.actor for c in again.conclusion.causes if c.change)
    assert again.conclusion.model_dump_json() == told.replace(AUTHOR, number)
    assert [q.call.name for q in again.queries.values()] == [q.call.name for q in case.queries.values()]
    assert len(again.steering) == 1


def test_no_secret_and_no_person_is_in_any_file(world: Recorded, ledger: Ledger, tmp_path: Path) -> None:
    asked = making.incident(f"{world.text} key {SECRET} <@U0CARO>", at=world.at, requester=making.ALICE)
    case = investigate(world, ledger, asked)
    line = LogPattern.model_validate(
        {
            "service": "shop",
            "template": f"login of {AUTHOR} with {SECRET}\nU0ALICE waits",
            "level": "error",
            "count": 1,
            "before": 0,
            "seconds": 60,
            "before_seconds": 60,
            "source": "logs:shop",
        }
    )
    late = making.query("v1", role="verify")
    ledger.record(
        case.id,
        events.QueryAsked(at=world.at, query=late),
        events.QueryAnswered(
            at=world.at, query="v1", result=making.answered(LogData(patterns=(line,), lines=1))
        ),
    )

    record(ledger.journal(case.id), tmp_path)
    written = everything(tmp_path)

    for hidden in (SECRET, AUTHOR, "U0CARO", "U0ALICE", "C0INC"):
        assert hidden not in written
    assert "login of person-" in written
    assert "shop" in written


def test_what_was_never_asked_is_not_recorded_and_not_empty(
    case: Investigation, ledger: Ledger, tmp_path: Path
) -> None:
    record(ledger.journal(case.id), tmp_path)
    journal = replayed(tmp_path).journal
    assert journal is not None
    gate = Replay(journal)
    known = next(one for one in journal.asked if one.call.name == "logs")
    other = known.call.model_copy(update={"arguments": {**known.call.arguments, "service": "front-door"}})

    assert gate.run(known.call) == known.result
    missed = gate.run(other)

    assert missed.data is None
    assert missed.failure is not None
    assert missed.failure.message == "it was not recorded"


def test_series_are_found_again_in_other_company_with_a_gap_for_what_is_new(tmp_path: Path) -> None:
    window = making.window().model_dump(mode="json")
    pair: list[JsonValue] = [
        {"service": "checkout", "signal": "latency"},
        {"service": "web", "signal": "cpu"},
    ]
    call = ToolCall(name="series", arguments={"targets": pair, "window": window, "period": 60})
    asked = call.model_copy(update={"arguments": {**call.arguments, "targets": pair[:1]}})
    result = making.answered(SeriesData(series=(making.series([1.0] * 180),)))
    story = (
        making.reported(),
        events.QueryAsked(at=making.at(), query=making.query("f5", role="facts", call=asked)),
        events.QueryAnswered(at=making.at(), query="f5", result=result),
        events.Stopped(at=making.at(1)),
    )
    record(story, tmp_path)
    journal = replayed(tmp_path).journal
    assert journal is not None

    seen = Replay(journal).run(call)

    assert isinstance(seen.data, SeriesData)
    assert [one.service for one in seen.data.series] == ["checkout"]
    assert [(gap.about, gap.why) for gap in seen.gaps] == [("web", "it was not recorded")]


def healed(case: Investigation, *, recovered: bool) -> tuple[Event, ...]:
    """A change for the named cause: asked for, approved, made, and looked after."""
    assert case.conclusion is not None
    asked = making.approval(investigation=case.id)
    end = events.Verified(at=making.at(9), approval=asked.id, recovered=recovered, finding="")
    claim = case.conclusion.causes[0].hypothesis
    return (
        events.RemedyProposed(at=making.at(2), title="", call=asked.call, hypothesis=claim, why=""),
        events.ApprovalRequested(at=making.at(2), approval=asked),
        events.ApprovalDecided(at=making.at(3), approval=asked.id, state=ApprovalState.APPROVED),
        events.ChangeIntended(at=making.at(4), approval=asked.id, call=asked.call),
        events.ChangeMade(at=making.at(5), approval=asked.id, state={}),
        end,
    )


@pytest.mark.parametrize("recovered", [True, False])
def test_a_cause_is_labelled_once_taking_it_back_helped(
    case: Investigation, ledger: Ledger, tmp_path: Path, recovered: bool
) -> None:
    story = (*ledger.journal(case.id), *healed(case, recovered=recovered))

    taken = record(story, tmp_path)
    labels = truths(tmp_path, "incidents")

    assert taken.labelled is recovered
    assert [(one.service, one.kind) for one in labels.values()] == [("shop", "faulty_commit")] * recovered


def test_a_replay_is_scored_like_any_case_and_nonsense_scores_nothing(
    case: Investigation, ledger: Ledger, tmp_path: Path
) -> None:
    taken = record(ledger.journal(case.id), tmp_path)
    assert truths(tmp_path, "incidents") == {}
    taken.truth.write_text(f'{{"id": "{case.id}", "service": "shop"}}\n')
    (one,), label = cases(tmp_path, "incidents"), truths(tmp_path, "incidents")[case.id]

    right = score(answer(one, RuleReasoner()), label, one)
    wrong = score(said("the moon", "front", path=("front",)), label, one)

    assert found(tmp_path) == ("incidents",)
    assert (right.place, right.grounded) == (1, True)
    assert (wrong.place, wrong.grounded) == (0, False)
    assert list(cases(tmp_path, "incidents", "sparse")) == []


def test_a_case_that_exists_is_replaced_on_request_only_and_keeps_its_label(
    case: Investigation, ledger: Ledger, tmp_path: Path
) -> None:
    taken = record(ledger.journal(case.id), tmp_path)
    taken.truth.write_text(f'{{"id": "{case.id}", "service": "shop"}}\n')
    before = everything(tmp_path)

    with pytest.raises(RunbookError, match="already"):
        record(ledger.journal(case.id), tmp_path)
    again = record(ledger.journal(case.id), tmp_path, replace=True)

    assert again.labelled
    assert everything(tmp_path) == before


@pytest.mark.parametrize(
    ("name", "text", "why"),
    [
        ("calls.jsonl", None, "cannot be read"),
        ("calls.jsonl", "{", "line 1"),
        ("calls.jsonl", "[]", "no JSON object"),
        ("calls.jsonl", '{"call": {}}', "call.name: Field required"),
        ("incident.jsonl", None, "cannot be read"),
        ("incident.jsonl", "", "more than one line, or none"),
    ],
)
def test_a_damaged_case_is_named_with_what_is_wrong(
    case: Investigation, ledger: Ledger, tmp_path: Path, name: str, text: str | None, why: str
) -> None:
    damaged = record(ledger.journal(case.id), tmp_path).folder / name
    damaged.unlink()
    if text is not None:
        damaged.write_text(text)

    with pytest.raises(RunbookError, match=why) as error:
        replayed(tmp_path)

    assert case.id in str(error.value)


@pytest.mark.parametrize(
    ("story", "why"),
    [
        ((), "nobody knows"),
        ((making.reported(),), "still goes on"),
        (
            (
                making.reported("what runs?", question={"topic": "running", "what": ""}),
                events.Answered(at=making.at(1), text="2 services"),
            ),
            "answers a question",
        ),
    ],
)
def test_what_cannot_be_answered_again_is_not_recorded(
    story: tuple[Event, ...], why: str, tmp_path: Path
) -> None:
    with pytest.raises(RunbookError, match=why):
        record(story, tmp_path)

    assert list(tmp_path.iterdir()) == []


def test_a_label_without_a_place_is_named(tmp_path: Path) -> None:
    (tmp_path / "incidents").mkdir()
    (tmp_path / "incidents" / "truth.jsonl").write_text('{"id": "one"}\n')

    with pytest.raises(RunbookError, match="without 'service'"):
        truths(tmp_path, "incidents")
