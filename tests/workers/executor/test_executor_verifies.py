"""Whether a change that was made took effect, and helped."""

import threading
from collections.abc import Callable

from tests.faults.changing import Changing
from tests.faults.hands import HURRIED
from tests.faults.waiting import eventually
from tests.workers.executor.conftest import roll_out_when_asked, rolled_out, run
from tests.workers.sandbox.local_cloud import LocalCloud
from workers.domain.call import ToolCall
from workers.domain.conclusion import Watch
from workers.domain.event import Verified
from workers.domain.telemetry import Signal

# Did it help?


def verified(changing: Changing) -> Verified:
    return next(e for e in changing.ledger.journal(changing.investigation) if isinstance(e, Verified))


def test_change_that_somebody_takes_back_during_the_rollout_is_said(
    change: Callable[..., Changing], cloud: LocalCloud
) -> None:
    changing = change()
    changing.vote()
    before = changing.runs()

    def take_back() -> None:
        eventually(lambda: "ChangeMade" in changing.steps())
        cloud.client("ecs", "operator").update_service(
            cluster="shop", service="checkout", taskDefinition=before
        )

    thread = threading.Thread(target=take_back)
    thread.start()
    run(changing)
    thread.join(10)

    assert not verified(changing).recovered
    assert "somebody or something changed it again" in verified(changing).finding
    assert "Changed, not recovered" in changing.card()


def test_rollout_that_does_not_complete_is_said(change: Callable[..., Changing]) -> None:
    changing = change()
    changing.vote()

    run(changing, patience=HURRIED.model_copy(update={"rollout": 1.0}))

    assert not verified(changing).recovered
    assert "the change was not over in time" in verified(changing).finding


def test_wrong_changes_leave_users_unwell_and_say_so(
    change: Callable[..., Changing], cloud: LocalCloud
) -> None:
    """The rollback of another service, and more tasks of the one that is broken."""
    more = ToolCall(
        name="ecs-scale-service", arguments={"cluster": "shop", "service": "payments", "desiredCount": 4}
    )
    wrong = [change(watch=errors()), change(service="payments", call=more, watch=errors())]
    for one in wrong:
        one.vote()

    executors = [threading.Thread(target=run, args=(one,)) for one in wrong]
    for one in executors:
        one.start()
    eventually(lambda: len(wrong[0].writes()) == 2)
    rolled_out(cloud)
    for one in executors:
        one.join(60)

    for one in wrong:
        assert not verified(one).recovered
        assert "Changed, not recovered" in one.card()
        assert "Not recovered:* storefront error rate is" in one.card()
        assert "the change did not help" in one.card()
    assert cloud.ask("pulse")["state"] == "ALARM"


def test_metric_that_has_not_come_yet_says_nothing_about_the_change(change: Callable[..., Changing]) -> None:
    changing = change(watch=errors())
    changing.vote()
    rollout = roll_out_when_asked(changing)

    run(changing, patience=HURRIED.model_copy(update={"recovery": 0.5}))
    rollout.join()

    assert not verified(changing).recovered
    assert "did not help" not in changing.card()
    assert "whether the change helped is not known" in changing.card()


def test_right_change_heals_the_same_metric(change: Callable[..., Changing], cloud: LocalCloud) -> None:
    """The control of the test before: the case can be healed, only not by those changes."""
    changing = change(service="payments", watch=errors())
    changing.vote()
    rollout = roll_out_when_asked(changing)

    run(changing, patience=HURRIED.model_copy(update={"recovery": 0.5}))
    rollout.join()
    cloud.pass_time(240)

    assert cloud.ask("pulse")["state"] == "OK"


def errors() -> Watch:
    return Watch(
        service="storefront",
        signal=Signal.ERROR_RATE,
        unit="ratio",
        stat="share",
        healthy="below",
        bound=0.016,
        baseline=0.0004,
        worst=0.05,
    )
