"""`runbook names`: what words mean, as people said in Slack, and having one forgotten."""

from pathlib import Path

import pytest

from bot.cli import main
from tests.workers.ledger.samples import ALICE, now, opened
from workers.domain.event import NameSettled
from workers.ledger import Ledger, connect, migrate


def test_words_are_listed_and_forgotten(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def run(*arguments: str) -> str:
        monkeypatch.setenv("RUNBOOK_DATA_DIR", str(tmp_path))
        monkeypatch.setattr("sys.argv", ["runbook", "names", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        assert not ended.value.code
        return capsys.readouterr().out

    migrate(url := f"sqlite:///{tmp_path / 'ledger.db'}")
    ledger = Ledger(connect(url))
    case = opened(ledger)

    assert run() == "Nobody has said yet what a word means.\n"
    ledger.record(case, NameSettled(at=now(), word="orders", name="orders-api", person=ALICE))

    assert run().startswith(f"orders orders-api said by {ALICE.id} in C")
    assert run("forget", "Orders") == "Orders is forgotten.\n"
    assert run("forget", "orders") == "Nothing is remembered of orders.\n"
    assert ledger.names() == ()
