"""`runbook eval`: one's own incidents from the ledger to a figure, and what it says on the way."""

from pathlib import Path

import pytest

from bot.cli import evaluate
from tests.workers import making
from workers.domain import event as events
from workers.domain.errors import RunbookError
from workers.ledger import Ledger, connect, migrate


@pytest.fixture
def key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """An investigation in a ledger that the environment names, which saw nothing."""
    url = f"sqlite:///{tmp_path / 'ledger.db'}"
    monkeypatch.setenv("DATABASE_URL", url)
    migrate(url)
    ledger = Ledger(connect(url))
    key = ledger.accept(making.incident(), ["one"], making.NOON).id
    ledger.record(key, events.Concluded(at=making.at(1), conclusion=making.conclusion()))
    ledger.close()
    return key


def test_an_investigation_becomes_a_figure(
    key: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sets, answers = tmp_path / "sets", tmp_path / "answers.jsonl"

    evaluate.record(key, sets)
    told = capsys.readouterr().out
    truth = sets / "incidents" / "truth.jsonl"
    evaluate.answer(sets, answers=answers, variants=True)
    evaluate.score(sets, answers=answers)
    unlabelled = capsys.readouterr().out
    truth.write_text(f'{{"id": "{key}", "service": "checkout", "fault_type": "pool"}}\n')
    evaluate.score(sets, answers=answers)
    labelled = capsys.readouterr().out

    assert f'add a line to {truth}: {{"id": "{key}", "service": ' in told
    assert "incidents: 1 of 1 cases have no label and no score." in unlabelled
    # Nothing was recorded that could be asked again, so nothing is named.
    assert labelled.split("incidents")[1].split()[:4] == ["1", "0.00", "0.00", "0.00"]
    assert "pool" in labelled


def test_what_is_not_there_is_named(key: str, tmp_path: Path) -> None:
    with pytest.raises(RunbookError, match="nobody knows"):
        evaluate.record("0123456789ab", tmp_path / "sets")
    with pytest.raises(RunbookError, match="holds none of the sets holmesgpt-fixtures, incidents"):
        evaluate.answer(tmp_path, answers=tmp_path / "answers.jsonl")
