"""From what was deployed to its commit: by an image's tag, the digest that runs, what a version says."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.workers.tools.standin import Refusal, Reply, Standin, standin
from workers.domain.call import Gap
from workers.domain.telemetry import COMMITS, Change
from workers.tools import commits
from workers.tools.commits import STATED, TAG, commit_in

WHOLE = "1f0c6e2b9d3a47588c1e5f60718293a4b5c6d7e8"
ECS = "arn:aws:ecs:eu-central-1:123456789012"
REPOSITORY = "123456789012.dkr.ecr.eu-central-1.amazonaws.com/shop"
FUNCTION = "arn:aws:lambda:eu-central-1:123456789012:function:labels"


@pytest.fixture(scope="module")
def _running() -> Iterator[Standin]:
    with standin() as one:
        yield one


@pytest.fixture
def aws(_running: Standin) -> Standin:
    _running.clear()
    return _running


def deployed(service: str = "checkout", after: str = "shop-checkout:7", **more: Any) -> Change:
    at = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
    said = f"{after} was deployed to {service}"
    known = {"id": after, "kind": "deployment", "summary": said, "source": "ecs"}
    return Change.model_validate({"at": at, "service": service, "after": after, **known, **more})


def service(aws: Standin, *images: str) -> None:
    """A service whose newest revision is the last of these images; revisions count from 6."""
    definition = f"{ECS}:task-definition/shop-checkout:{5 + len(images)}"
    cluster, arn = f"{ECS}:cluster/shop", f"{ECS}:service/shop/checkout"
    one = {"serviceName": "checkout", "serviceArn": arn, "clusterArn": cluster}

    def defined(asked: Reply) -> Reply:
        number = int(asked["taskDefinition"].rpartition(":")[2])
        return {"taskDefinition": {"containerDefinitions": [{"image": images[number - 6]}]}}

    aws.says |= {
        "ecs:ListClusters": {"clusterArns": [f"{ECS}:cluster/shop"]},
        "ecs:ListServices": {"serviceArns": [one["serviceArn"]]},
        "ecs:DescribeServices": {"services": [one | {"taskDefinition": definition}]},
        "ecs:DescribeTaskDefinition": defined,
    }


def runs(aws: Standin, digest: str, revision: int = 6) -> None:
    task = {
        "taskDefinitionArn": f"{ECS}:task-definition/shop-checkout:{revision}",
        "containers": [{"imageDigest": digest}],
    }
    aws.says["ecs:ListTasks"] = {"taskArns": [f"{ECS}:task/shop/1"]}
    aws.says["ecs:DescribeTasks"] = {"tasks": [task]}


def kept(aws: Standin, *tags: str) -> None:
    aws.says["ecr:DescribeImages"] = {"imageDetails": [{"imageTags": list(tags)}]}


def commit(aws: Standin, *changes: Change) -> tuple[list[str], list[Gap]]:
    gaps: list[Gap] = []
    return [one.commit for one in commits.completed(aws.account(), [*changes], gaps)], gaps


# -- ECS


@pytest.mark.parametrize(
    "image",
    [f"{REPOSITORY}:{WHOLE}", f"{REPOSITORY}:v1.2.3-{WHOLE}", f"ghcr.io/a/b:{WHOLE}@sha256:{'0' * 64}"],
)
def test_tag_of_what_runs_names_its_commit_and_nobody_else_is_asked(aws: Standin, image: str) -> None:
    service(aws, image)

    assert commit(aws, deployed(after="shop-checkout:6")) == ([WHOLE], [])
    assert aws.asked["ecr:DescribeImages"] == aws.asked["ecs:ListTasks"] == 0


def test_revision_that_is_over_is_read_for_its_image(aws: Standin) -> None:
    service(aws, f"{REPOSITORY}:4f1c2d9", f"{REPOSITORY}:5a6b7c8")

    changes = deployed(after="shop-checkout:6"), deployed(after="shop-checkout:7")
    assert commit(aws, *changes) == (["4f1c2d9", "5a6b7c8"], [])


def test_tag_that_says_nothing_is_looked_up_by_the_digest_that_runs(aws: Standin) -> None:
    service(aws, f"{REPOSITORY}:latest")
    runs(aws, "sha256:" + "a" * 64)
    kept(aws, "latest", "main-5a6b7c8")

    assert commit(aws, deployed(after="shop-checkout:6")) == (["5a6b7c8"], [])
    (asked,) = [told for name, told in aws.parameters if name == "ecr:DescribeImages"]
    assert asked == {"repositoryName": "shop", "imageIds": [{"imageDigest": "sha256:" + "a" * 64}]}


def test_digest_of_another_revision_is_not_taken_for_its_own(aws: Standin) -> None:
    service(aws, f"{REPOSITORY}:stable")
    runs(aws, "sha256:" + "a" * 64, revision=5)
    kept(aws, "stable")

    assert commit(aws, deployed(after="shop-checkout:6")) == ([""], [])
    (asked,) = [told for name, told in aws.parameters if name == "ecr:DescribeImages"]
    assert asked["imageIds"] == [{"imageTag": "stable"}]


def test_image_of_another_registry_is_not_asked_for(aws: Standin) -> None:
    service(aws, "docker.io/library/nginx:stable")

    assert commit(aws, deployed(after="shop-checkout:6")) == ([""], [])
    assert aws.asked["ecr:DescribeImages"] == 0


def test_what_is_denied_is_one_gap_for_all_and_the_changes_stay(aws: Standin) -> None:
    service(aws, f"{REPOSITORY}:latest")
    aws.deny("ecr:DescribeImages")

    first = deployed(after="shop-checkout:6")
    found, gaps = commit(aws, first, first.model_copy(update={"id": "again"}))

    assert found == ["", ""]
    assert [(gap.what, gap.permission) for gap in gaps] == [(COMMITS, "ecr:DescribeImages")]
    assert aws.asked["ecr:DescribeImages"] == 1


def test_image_that_is_gone_is_no_gap(aws: Standin) -> None:
    service(aws, f"{REPOSITORY}:latest")
    aws.says["ecr:DescribeImages"] = Refusal("ImageNotFoundException", "it is gone", 400)

    assert commit(aws, deployed(after="shop-checkout:6")) == ([""], [])


def test_commit_that_is_known_and_what_is_no_deployment_are_left(aws: Standin) -> None:
    service(aws, f"{REPOSITORY}:4f1c2d9")

    changes = deployed(after="shop-checkout:6", commit="abc1234"), deployed(id="s", kind="scaling")
    assert commit(aws, *changes) == (["abc1234", ""], [])


# -- Lambda


@pytest.mark.parametrize(
    ("description", "tags", "told"),
    [
        (f"built from {WHOLE} by ci", {}, WHOLE),
        ("release 12", {"Commit": "5a6b7c8"}, "5a6b7c8"),
        ("release 12", {"team": "5a6b7c8"}, ""),
        ("", {}, ""),
    ],
)
def test_version_says_its_commit_else_the_function_does(
    aws: Standin, description: str, tags: dict[str, str], told: str
) -> None:
    aws.says |= {
        "lambda:ListFunctions": {"Functions": [{"FunctionName": "labels", "FunctionArn": FUNCTION}]},
        "lambda:GetFunctionConfiguration": {"Description": description},
        "lambda:ListTags": {"Tags": tags},
    }

    assert commit(aws, deployed("labels", "labels:12")) == ([told], [])


# -- what names a commit


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("4f1c2d9", "4f1c2d9"),
        ("v1.2.3-4f1c2d9", "4f1c2d9"),
        ("sha-4F1C2D9", "4f1c2d9"),
        (WHOLE, WHOLE),
        ("4f1c2d9-dirty", ""),
        ("20261126", ""),
        ("deadbeef", ""),
        ("x4f1c2d9", ""),
        ("4f1c2d", ""),
        ("latest", ""),
        ("", ""),
    ],
)
def test_tag_ends_with_a_commit_and_not_with_a_date_or_a_word(text: str, found: str) -> None:
    assert commit_in(text, TAG) == found


def test_commit_is_found_inside_a_sentence() -> None:
    assert commit_in("build 20261126 of 4f1c2d9, by ci", STATED) == "4f1c2d9"


def test_deployment_is_told_with_the_commit_it_runs() -> None:
    assert deployed(commit=WHOLE).told == "shop-checkout:7 was deployed to checkout (commit 1f0c6e2)"
    assert deployed(commit=WHOLE, summary="commit 1f0c6e2 was deployed").told == "commit 1f0c6e2 was deployed"
    assert deployed(kind="commit", commit=WHOLE).told == deployed().summary
