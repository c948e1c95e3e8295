"""Which mind a worker gets, by what is configured."""

from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.chat_api import chat_api
from tests.messages_api import KEY, MessagesApi, messages_api
from tests.vertex_door import PROJECT, REGION
from tests.workers import making
from tests.workers.agent import made
from tests.workers.agent.minds import MODEL, honest
from tests.workers.agent.troubles import BY_MODE
from workers import wiring
from workers.domain.investigation import Investigation
from workers.ledger import Ledger, connect, migrate
from workers.settings import Settings

GPT = "gpt-6-astra"
KEYS = {"access_key_id": "AKIA" + "A" * 16, "secret_access_key": "s" * 40}


def settings(api: MessagesApi, **llm: Any) -> Settings:
    written = {"api_key": KEY, "base_url": api.address, "patience_seconds": 30, **llm}
    return Settings.model_validate({"llm": written, "providers": {"aws": {"worker": KEYS}}})


def investigated(chosen: Settings) -> Investigation:
    trouble = BY_MODE["bad_deployment"]
    mind = wiring.reasoner(chosen)
    run = made.investigator(
        trouble.build(), made.begun(trouble.text), budget=wiring.budget(chosen), reasoner=mind
    )
    list(run.run())
    return run.case


def test_without_a_key_the_rules_think() -> None:
    case = investigated(Settings())

    assert (case.reasoner, case.model) == ("rules", "")


@pytest.mark.parametrize(
    "llm",
    [
        {},
        {"provider": "bedrock", "region": "eu-west-1", "api_key": None},
        {"provider": "vertex", "region": REGION, "project": PROJECT, "api_key": None},
        {"prices": {MODEL: {"input": 1, "output": 1, "cached": 1, "stored": 1}}},
    ],
    ids=["anthropic", "bedrock", "vertex", "own price"],
)
def test_with_a_model_configured_it_is_asked_and_paid(
    llm: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with messages_api((MODEL,)) as api:
        api.script = honest()
        if llm.get("provider") == "vertex":
            account = api.google.account(tmp_path, api.address)
            monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(account))
        case = investigated(settings(api, **llm))

    assert case.conclusion is not None
    assert case.conclusion.account
    assert case.reasoner == MODEL
    assert case.dollars
    if "prices" in llm:
        assert case.dollars == pytest.approx(case.usage.tokens / 1e6)


def test_server_of_your_own_is_asked_without_a_key() -> None:
    with chat_api((GPT,)) as api:
        api.script = honest()
        llm = {"provider": "openai", "model": GPT, "base_url": f"{api.address}/v1", "patience_seconds": 30}
        case = investigated(Settings.model_validate({"llm": llm}))
        keyed = investigated(Settings.model_validate({"llm": {**llm, "api_key": KEY}}))

    assert case.switches[-1].why == "it answered 401 (Incorrect API key provided.) Check llm.api_key."
    assert keyed.conclusion is not None
    assert keyed.conclusion.account
    assert (keyed.reasoner, keyed.dollars) == (GPT, None)


def test_budget_comes_from_the_configuration() -> None:
    with messages_api((MODEL,)) as api:
        frugal = Settings.model_validate({**settings(api).model_dump(), "agent": {"max_tokens": 10}})
        case = investigated(frugal)

    assert [limit.detail for limit in case.limits] == ["10 tokens of the model"]
    assert api.asked == 0


def test_day_has_a_budget_that_all_investigations_share(tmp_path: Path) -> None:
    """What another one has spent within a day counts."""
    url = f"sqlite:///{tmp_path / 'ledger.db'}"
    migrate(url)
    with messages_api((MODEL,)) as api, closing(Ledger(connect(url))) as ledger:
        api.script = honest()
        agent = {"max_dollars_per_day": 2.0}
        chosen = Settings.model_validate({**settings(api).model_dump(), "agent": agent})
        for day, cost in ((2, 50.0), (0, 1.99)):
            at = wiring.now() - timedelta(days=day)
            other = ledger.accept(making.incident(at=at), (f"other {day}",), at).id
            ledger.append(other, 2, making.model_answered(at=at, dollars=cost))
        trouble = BY_MODE["bad_deployment"]
        mind = wiring.reasoner(chosen, ledger)
        run = made.investigator(trouble.build(), made.begun(trouble.text), reasoner=mind)

        list(run.run())

        assert api.asked == 0
        assert [limit.limit for limit in run.case.limits] == ["dollars"]
        assert "in a day" in run.case.limits[0].detail
        assert run.case.conclusion is not None

        plenty = wiring.reasoner(settings(api), ledger)
        list(made.investigator(trouble.build(), made.begun(trouble.text), reasoner=plenty).run())
        assert api.asked > 0


def test_model_that_is_taken_out_of_the_configuration_leaves_its_cases_to_the_rules() -> None:
    with messages_api((MODEL,)) as api:
        api.script = honest()
        trouble = BY_MODE["bad_deployment"]
        begun = made.investigator(
            trouble.build(), made.begun(trouble.text), reasoner=wiring.reasoner(settings(api))
        )
        next(event for event in begun.run() if event.type == "ReasonerSwitched")

    run = made.investigator(trouble.build(), begun.case, reasoner=wiring.reasoner(Settings()))
    list(run.run())

    assert [switch.now for switch in run.case.switches] == [MODEL, "rules"]
    assert run.case.switches[-1].why == "no model is configured any more"
    assert run.case.conclusion is not None
