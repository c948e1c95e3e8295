"""The holmesgpt-fixtures set: logs and events read as lines, answered and scored in words."""

import json
from pathlib import Path

import pytest

from tests.workers.evals.test_evals import said
from workers.agent.rules import RuleReasoner
from workers.evals.answering import answer
from workers.evals.facts import named
from workers.evals.recorded import Recorded
from workers.evals.scoring import score
from workers.evals.sets import Truth, cases, truths

POD = "mailer-5c9f8b7d6f-x2k4q"
FACT = "The `MAIL_HOST` variable is missing"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """One case: a pod that logs what it misses, its events, and what cannot be read as lines."""
    folder = tmp_path / "holmesgpt-fixtures"
    place = folder / "cases" / "one"
    place.mkdir(parents=True)
    row = {"id": "one", "prompt": "What is wrong with mailer?", "files": {"dir": "cases/one"}}
    (folder / "cases.jsonl").write_text(json.dumps(row) + "\n")
    (folder / "truth.jsonl").write_text(json.dumps({"id": "one", "expected": [FACT]}) + "\n")
    logs = ["stdout:", *["MAIL_HOST is undefined"] * 3, "INFO started", "<html>", "stderr:"]
    events = [
        "Status:           Running",
        "Events:",
        "  Type     Reason   Age                    From     Message",
        "  Warning  BackOff  3m6s (x896 over 4h2m)  kubelet  Back-off restarting failed container",
        "  Normal   Pulled   3m6s                   kubelet  Container image is present",
    ]
    printed(place / "logs.txt", "fetch_pod_logs", {"pod_name": POD}, logs)
    printed(place / "describe.txt", "kubectl_describe", {"kind": "pod", "name": POD}, events)
    printed(place / "denied.txt", "kubectl_logs", {"pod_name": POD}, ["ERROR: forbidden"], "error")
    return tmp_path


def printed(path: Path, tool: str, given: dict[str, str], body: list[str], status: str = "success") -> None:
    head = {"toolset_name": "kubernetes", "tool_name": tool, "match_params": given}
    path.write_text("\n".join([json.dumps(head), json.dumps({"status": status}), *body]))


@pytest.fixture
def case(root: Path) -> Recorded:
    (one,) = cases(root, "holmesgpt-fixtures")
    return one


def test_lines_of_logs_and_events_are_those_of_what_runs_the_pod(case: Recorded) -> None:
    read = {(one.level, one.example, *one.minutes.values()) for one in case.lines["mailer"].values()}

    assert list(case.lines) == ["mailer"]
    assert read == {
        ("unknown", "MAIL_HOST is undefined", 3),
        ("info", "INFO started", 1),
        ("unknown", "<html>", 1),
        ("warning", "BackOff: Back-off restarting failed container", 1),
        ("info", "Pulled: Container image is present", 1),
    }


def test_who_has_nothing_but_a_log_is_told_of_by_what_it_complains_of(case: Recorded) -> None:
    found = answer(case, RuleReasoner())

    assert found.outcome == "inconclusive"
    assert found.summary.endswith(
        "mailer logs “BackOff: Back-off restarting failed container” (1 time)"
        " and “MAIL_HOST is undefined” (3 times)."
    )


def test_facts_are_counted_and_nonsense_names_none(case: Recorded, root: Path) -> None:
    label = truths(root, "holmesgpt-fixtures")["one"]
    nonsense = said("mailer").model_copy(
        update={"conclusion": "The database is down", "summary": "Restart it."}
    )

    right = score(answer(case, RuleReasoner()), label, case)
    wrong = [score(one, label, case) for one in (nonsense, None)]

    assert label == Truth(id="one", facts=(FACT,))
    assert (right.facts, right.named, right.place) == (1, 1, 0)
    assert [(one.facts, one.named) for one in wrong] == [(1, 0), (1, 0)]
    assert list(cases(root, "holmesgpt-fixtures", "off")) == []


@pytest.mark.parametrize(
    ("fact", "answer", "is_named"),
    [
        ("The `A_B` variable is missing", "a_b is not set: the variable is missing", True),
        ("The `A_B` variable is missing", "a variable is missing", False),
        ("The certificate expired", "an expired certificate", True),
        ("The certificate expired", "the disk is full", False),
        ("This must mention GPU resources", "Insufficient nvidia.com/gpu resources", True),
        ("", "anything", False),
    ],
)
def test_a_fact_is_named_by_its_words_and_its_names(fact: str, answer: str, is_named: bool) -> None:
    assert named(fact, answer) is is_named
