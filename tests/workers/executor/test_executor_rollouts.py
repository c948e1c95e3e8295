"""Rollouts of services and groups in the local cloud, from the question to the undo."""

from collections.abc import Callable
from typing import Any, NamedTuple

import pytest

from tests.faults.changing import Changing
from tests.faults.plant import Plant
from tests.workers.executor.conftest import S, World, roll_out_when_asked, run
from tests.workers.executor.test_executor_verifies import verified
from tests.workers.executor.trials import TRIALS
from tests.workers.sandbox.local_cloud import LocalCloud
from workers.domain.call import ToolCall
from workers.domain.event import QueryAsked
from workers.safety.policy import policy
from workers.tools.changes import change_rows

CHECKOUT, INTAKE = {"cluster": "shop", "service": "checkout"}, {"group": "intake"}


def service(cloud: LocalCloud) -> dict[str, Any]:
    found = cloud.client("ecs").describe_services(cluster="shop", services=["checkout"])["services"][0]
    (deployment,) = found["deployments"]
    revision = found["taskDefinition"].rpartition("/")[2]
    return {"taskDefinition": revision, "desiredCount": found["desiredCount"], "id": deployment["id"]}


def group(cloud: LocalCloud) -> dict[str, Any]:
    found = cloud.client("autoscaling").describe_auto_scaling_groups(AutoScalingGroupNames=["intake"])
    one = found["AutoScalingGroups"][0]
    template = one["LaunchTemplate"]
    named = {"template": template["LaunchTemplateName"], "version": template["Version"]}
    return {**named, "desiredCount": one["DesiredCapacity"], "running": len(one["Instances"])}


def before(revision: str) -> str:
    family, colon, number = revision.rpartition(":")
    return f"{family}{colon}{int(number) - 1}"


class Trial(NamedTuple):
    application: str
    place: dict[str, str]
    look: Callable[[LocalCloud], dict[str, Any]]
    wanted: Callable[[dict[str, Any]], dict[str, Any]]


ROLLOUTS = {
    "ecs-update-service": Trial(
        "shop", CHECKOUT, service, lambda now: {"taskDefinition": before(now["taskDefinition"])}
    ),
    "ecs-scale-service": Trial(
        "shop", CHECKOUT, service, lambda now: {"desiredCount": now["desiredCount"] + 2}
    ),
    "ecs-force-deployment": Trial("shop", CHECKOUT, service, lambda _: {}),
    "autoscaling-refresh": Trial(
        "claims", INTAKE, group, lambda now: {"template": now["template"], "version": before(now["version"])}
    ),
    "autoscaling-scale": Trial(
        "claims", INTAKE, group, lambda now: {"desiredCount": now["desiredCount"] + 1}
    ),
}


@pytest.mark.parametrize("name", ROLLOUTS)
def test_rollout_is_asked_for_approved_made_verified_and_taken_back(
    site: Plant, world: World, name: str
) -> None:
    trial, row, cloud = ROLLOUTS[name], change_rows()[name], world.cloud
    site.renew()
    cloud.play("bad_deployment", application=trial.application, seed=3)
    was = trial.look(cloud)
    wanted = trial.wanted(was)

    made = through(site, cloud, ToolCall(name=name, arguments={**trial.place, **wanted}))

    now = trial.look(cloud)
    assert now.items() >= wanted.items()
    assert now != was
    assert made.approval.before.items() >= {key: was[key] for key in wanted}.items()
    if made.approval.rollback is None:
        assert f"Nothing can undo this.* {row.no_undo}" in made.card()
        return
    through(site, cloud, made.approval.rollback)
    assert {key: value for key, value in trial.look(cloud).items() if key != "id"} == {
        key: value for key, value in was.items() if key != "id"
    }


def through(site: Plant, cloud: LocalCloud, call: ToolCall) -> Changing:
    """A change that is approved and made, and whose rollout is waited for."""
    changing = Changing(site, cloud, call=call)
    changing.vote(changing.ben, changing.carol, typed=changing.approval.word)
    rollout = roll_out_when_asked(changing)
    both = (changing.ben.id, changing.carol.id)
    run(changing, policy=policy(site.settings("executor")).model_copy(update={"approvers": both}))
    rollout.join()
    assert changing.state is S.SUCCEEDED, changing.reason()
    assert "no signal is known" in verified(changing).finding
    journal = changing.ledger.journal(changing.investigation)
    assert [e for e in journal if isinstance(e, QueryAsked) and e.query.role == "verify"]
    return changing


@pytest.fixture(scope="module", autouse=True)
def shop_again(world: World) -> Any:
    """Whoever comes next finds the shop."""
    yield
    world.cloud.play("bad_deployment", seed=3)


def test_every_change_there_is_is_tried_somewhere() -> None:
    assert set(ROLLOUTS) | set(TRIALS) == set(change_rows())
    assert not set(ROLLOUTS) & set(TRIALS)
