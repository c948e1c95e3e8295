"""The rootcausebench set: read, answered through the gate, and scored by the change that is named."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from workers.agent.rules import RuleReasoner
from workers.domain.conclusion import Hop, Match
from workers.evals import rootcausebench
from workers.evals.answering import Said, answer
from workers.evals.recorded import Recorded
from workers.evals.scoring import grounded_change, score
from workers.evals.sets import Truth, cases, truths

DATA = Path(os.environ.get("RUNBOOK_RCA_DATA", "../shared/data/rca"))
FULL = "pool is exhausted"
CULPRIT: dict[str, Any] = {
    "sha": "c" * 40,
    "author": "ann",
    "timestamp": "2026-03-04T10:20:00Z",
    "message": "chore: tidy settings",
    "files_changed": ["services/shop/db.yaml"],
    "diff": "-  max_pool_size: 50\n+  max_pool_size: 5\n",
}
DECOY: dict[str, Any] = CULPRIT | {
    "sha": "d" * 40,
    "timestamp": "2026-03-04T10:25:00Z",
    "message": "feat: name the pool",
    "diff": '+  pool_name: "shop"\n',
}
TRUTH = Truth(id="one", service="shop", kind="pool", change=CULPRIT["sha"], decoys=(DECOY["sha"],))


def minute(number: int) -> str:
    return f"2026-03-04T{9 + number // 60:02d}:{number % 60:02d}:00Z"


def write(root: Path, commits: list[dict[str, Any]]) -> Path:
    """One case: from 10:30 on the pool of the shop is exhausted; the alarm fires at 10:40."""
    folder = root / "rootcausebench"
    place = folder / "cases" / "one"
    (place / "context").mkdir(parents=True)
    symptom = {
        "service": "shop",
        "metric": "db_pool_wait_seconds_p99",
        "monitor": "shop-pool",
        "summary": "shop waits for its database pool",
    }
    case = {
        "id": "one",
        "set": "rootcausebench",
        "detect_ts": 1772620800,
        "services": ["shop", "front"],
        "edges": [["front", "shop"]],
        "symptom": symptom,
        "files": {"dir": "cases/one"},
    }
    (folder / "cases.jsonl").write_text(json.dumps(case) + "\n")
    label = {"id": "one", "service": "shop", "root_cause_commit": CULPRIT["sha"], "decoys": [DECOY["sha"]]}
    (folder / "truth.jsonl").write_text(json.dumps(label) + "\n")
    (place / "alert.json").write_text(json.dumps(symptom))
    rows = [(at, "shop", "db_pool_wait_seconds_p99", 9.0 if at >= 90 else 0.02) for at in range(110)]
    rows += [(at, "front", "http_server_duration_p99_ms", 4000 if at >= 90 else 200) for at in range(110)]
    lines = [f"{minute(at)},{service},{metric},{value}" for at, service, metric, value in rows]
    (place / "metrics.csv").write_text("\n".join(["timestamp,service,metric,value", *lines]))
    said = [_line(at, "order placed", "INFO") for at in range(90)] + [
        _line(at, FULL) for at in range(90, 110)
    ]
    (place / "logs.ndjson").write_text("\n".join([*said, "no line of a log", '{"timestamp": 3}']))
    (place / "patterns.json").write_text("[]")
    (place / "context" / "commits.json").write_text(json.dumps(commits))
    deploy = {
        "timestamp": "2026-03-04T10:28:00Z",
        "service": "shop",
        "commit_sha": DECOY["sha"],
        "version": "v2",
    }
    (place / "context" / "deploys.json").write_text(json.dumps([deploy]))
    return root


def _line(at: int, message: str, level: str = "ERROR") -> str:
    return json.dumps({"timestamp": minute(at), "service": "shop", "severity_text": level, "msg": message})


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Recorded:
    return next(cases(write(tmp_path_factory.mktemp("rca"), [CULPRIT, DECOY]), "rootcausebench"))


@pytest.fixture(scope="module")
def found(case: Recorded) -> Said:
    return answer(case, RuleReasoner())


def test_the_change_that_explains_it_is_named_and_concluded(case: Recorded, found: Said) -> None:
    marks = score(found, TRUTH, case)

    assert found.changes[0] == CULPRIT["sha"]
    assert found.outcome == "caused"
    assert found.conclusion == f"Faulty change: {CULPRIT['sha'][:12]}"
    assert found.matches[0].changed == "max_pool_size 50 → 5"
    assert (marks.place, marks.grounded, marks.misled) == (1, True, False)


def test_none_is_named_where_no_commit_could_do_it(tmp_path: Path) -> None:
    case = next(cases(write(tmp_path, [DECOY]), "rootcausebench"))
    said = answer(case, RuleReasoner())

    assert said.changes[0] == "none"
    assert score(said, TRUTH.model_copy(update={"change": "none"}), case).grounded
    assert not score(said, TRUTH, case).misled, "not to know is no blame"


def test_who_blames_a_decoy_is_misled(case: Recorded, found: Said) -> None:
    wrong = found.model_copy(update={"changes": (DECOY["sha"], CULPRIT["sha"])})
    marks = score(wrong, TRUTH, case)

    assert (marks.place, marks.grounded, marks.misled) == (2, False, True)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"path": ()}, "no way at all"),
        ({"path": (Hop(service="front", finding=""),)}, "it does not begin at the alarm"),
        (
            {"path": (Hop(service="shop", finding=""), Hop(service="mars", finding=""))},
            "nobody calls like that",
        ),
        ({"matches": ()}, "nothing of the change is named"),
        ({"matches": (Match(changed="max_idle", seen=FULL, because="", source=""),)}, "the change lacks it"),
        (
            {"matches": (Match(changed="max_pool_size", seen="out of memory", because="", source=""),)},
            "unheard",
        ),
    ],
)
def test_a_right_name_for_a_wrong_reason_is_not_grounded(
    case: Recorded, found: Said, change: dict[str, Any], why: str
) -> None:
    assert not grounded_change(found.model_copy(update=change), case), why


def test_lines_are_counted_and_never_kept(tmp_path: Path) -> None:
    path = tmp_path / "logs.ndjson"
    with path.open("w") as file:
        file.writelines(
            _line(at % 60, f"failure {at} of kind {'x' * (at % 900)}") + "\n" for at in range(3000)
        )

    kept = rootcausebench._lines(path)["shop"]  # pyright: ignore[reportPrivateUsage]

    assert len(kept) <= rootcausebench.TEMPLATES
    assert all(len(one.example) <= rootcausebench.WIDEST for one in kept.values())


@pytest.mark.skipif(not (DATA / "rootcausebench").is_dir(), reason="the public incidents are not here")
def test_the_floor_of_rootcausebench_holds() -> None:
    labels = truths(DATA, "rootcausebench")
    marks = [score(answer(one, RuleReasoner()), labels[one.id], one) for one in cases(DATA, "rootcausebench")]

    assert sum(mark.place == 1 and mark.grounded for mark in marks) >= 6
    assert sum(mark.misled for mark in marks) == 0
