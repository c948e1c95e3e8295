"""Every change from the question to its undo: state before, approval, effect, verification, the way back."""

from collections.abc import Iterator

import pytest

from tests.faults.redis_server import RedisServer
from tests.workers.executor.place import Place, S, place, readings, said
from tests.workers.executor.trials import TRIALS
from workers.domain.call import ToolCall
from workers.tools.changes import change_rows


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory, redis: RedisServer) -> Iterator[Place]:
    with place(tmp_path_factory.mktemp("place"), redis) as one:
        yield one


@pytest.mark.parametrize("name", TRIALS)
def test_change_is_asked_for_approved_made_verified_and_taken_back(here: Place, name: str) -> None:
    trial, row = TRIALS[name], change_rows()[name]
    arguments = trial.make(here.aws)
    was = trial.look(here.aws, arguments)

    approval = here.ask(ToolCall(name=name, arguments=arguments))

    assert set(row.holds) <= set(approval.before)
    assert approval.risk is row.level
    assert trial.look(here.aws, arguments) == was != trial.after
    case = here.make(approval)
    assert case.approval(approval.id).state is S.SUCCEEDED, case.failures
    assert trial.look(here.aws, arguments) == trial.after
    assert "no signal is known by which a recovery would show" in case.outcomes[approval.id].finding
    assert readings(case, approval)
    if row.no_undo:
        assert approval.rollback is None
        assert f"Nothing can undo this.* {row.no_undo}" in said(case, approval)
        return

    back = here.take_back(approval)
    case = here.make(back)

    assert case.approval(back.id).state is S.SUCCEEDED, case.failures
    assert trial.look(here.aws, arguments) == was
    assert readings(case, back)
