"""`runbook audit sent`: each prompt of an investigation, and its text as the model got it."""

from pathlib import Path
from typing import Any, NamedTuple

import pytest

from bot.cli import main
from tests.messages_api import MessagesApi
from tests.workers import making
from tests.workers.agent import made, minds
from tests.workers.agent.minds import MODEL, honest
from tests.workers.agent.troubles import BY_MODE
from tests.workers.ledger.samples import opened
from workers.ledger import Ledger, connect, migrate

TROUBLE = BY_MODE["bad_deployment"]


class Site(NamedTuple):
    """A ledger with an investigation in which `bodies` arrived at the model, and one without any."""

    folder: Path
    minded: str
    ruled: str
    ledger: Ledger
    bodies: list[dict[str, Any]]


@pytest.fixture
def site(tmp_path: Path, api: MessagesApi) -> Site:
    url = f"sqlite:///{tmp_path / 'ledger.db'}"
    migrate(url)
    ledger = Ledger(connect(url))
    minded = ledger.accept(making.incident(TROUBLE.text), ("one",), making.NOON).id
    api.script = honest()
    run = made.investigator(TROUBLE.build(), ledger.load(minded), reasoner=minds.mind(api))
    for event in run.run():
        ledger.record(minded, event)
        if event.type == "Concluded":
            break
    return Site(tmp_path, minded, opened(ledger), ledger, list(api.bodies))


def told(
    site: Site, capsys: pytest.CaptureFixture[str], patch: pytest.MonkeyPatch, *arguments: str
) -> tuple[int, str]:
    patch.setenv("RUNBOOK_DATA_DIR", str(site.folder))
    patch.setenv("AWS_REGION", "us-east-1")
    patch.setattr("sys.argv", ["runbook", "audit", *arguments])
    with pytest.raises(SystemExit) as ended:
        main()
    said = capsys.readouterr()
    return int(ended.value.code or 0), said.out + said.err


def test_prompts_are_listed_with_model_tokens_price_and_hash(
    site: Site, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    code, said = told(site, capsys, monkeypatch, "sent", site.minded)

    (line,) = said.splitlines()
    assert code == 0
    assert f"{MODEL} of 127.0.0.1  conclude  " in line
    assert " tokens, $0.0" in line
    (asked,) = site.ledger.audited("ModelAsked")
    assert line.endswith(str(asked["key"]))
    assert asked["investigation"] == site.minded


def test_texts_are_printed_as_they_arrived(
    site: Site, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    code, said = told(site, capsys, monkeypatch, "sent", site.minded, "--full")

    printed = "\n".join(line.removeprefix("     ") for line in said.splitlines()[1:])
    (body,) = site.bodies
    assert code == 0
    assert printed == f"--- system\n{body['system'][0]['text']}\n--- user\n{body['messages'][0]['content']}"


def test_investigation_without_a_model_and_unknown_ones_are_said(
    site: Site, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert told(site, capsys, monkeypatch, "sent", site.ruled) == (0, "Nothing was sent to a model.\n")
    code, said = told(site, capsys, monkeypatch, "sent", "nobody")
    assert (code, "no investigation 'nobody'" in said) == (1, True)


def test_that_a_model_was_asked_is_in_the_audit_when_the_journal_is_gone(
    site: Site, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    said = told(site, capsys, monkeypatch, "show", "--investigation", site.minded)[1]

    assert f"{MODEL} of 127.0.0.1 was asked to conclude" in said
