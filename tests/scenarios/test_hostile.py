"""Hostile texts in everything that others can write of an incident: its cause is found all the same."""

from pathlib import Path

import pytest

from tests.messages_api import MessagesApi
from tests.scenarios.hostile import investigated, poisoned
from tests.scenarios.worlds import Cloud, told, verdict
from tests.workers.agent import minds
from tests.workers.agent.obeying import Obeying
from tests.workers.safety.hostile import adaptive, hostile
from workers.agent.model import Limits
from workers.agent.rules import RuleReasoner
from workers.domain.budget import Budget

TEXTS = (*tuple(adaptive())[:12], *hostile()[:12])


@pytest.mark.parametrize(
    ("application", "fault", "seed"), [("shop", "bad_deployment", 1), ("shop", "lock_contention", 2)]
)
def test_cause_is_found_with_hostile_texts_everywhere(
    running: Cloud, api: MessagesApi, tmp_path: Path, application: str, fault: str, seed: int
) -> None:
    alert = told(running.case(application=application, faults=[fault], seed=seed)["alert"])
    truth, model = running.ask("/_cloud/truth"), Obeying(())
    api.script = model
    minded = minds.mind(api, Budget(tokens=10_000_000), Limits(prompt=150_000))

    with poisoned(running, TEXTS) as cloud:
        for mind in (RuleReasoner(), minded):
            case = investigated(cloud, alert, TEXTS, tmp_path, mind)

            assert verdict(case, truth)[0], verdict(case, truth)[1]

    assert api.asked > 0
    assert not model.saw
    assert running.ask("/_cloud/writes") == []
