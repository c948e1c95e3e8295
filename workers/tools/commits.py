"""From what was deployed to its commit: by an image's tags, by what a function's version or tags say."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from workers.domain.call import Gap
from workers.domain.errors import ToolFailed
from workers.domain.telemetry import COMMITS, Change, Resource
from workers.tools.aws import Aws
from workers.tools.guarded import guarded
from workers.tools.inventory import Account
from workers.tools.survey import task

TAG = re.compile(r"(?:^|[^0-9a-z])([0-9a-f]{7,40})$")
"""At the end of an image's tag: `4f1c2d9`, `v1.2.3-4f1c2d9`."""
STATED = re.compile(r"(?<![0-9a-z])([0-9a-f]{7,40})(?![0-9a-z])")
WHOLE = 40
"""Digits of a commit's name in full."""
ECR = re.compile(r"\d{12}\.dkr\.ecr\.[a-z0-9-]+\.amazonaws\.com(?:\.cn)?/([^:@]+)")
KEYS = ("commit", "git-commit", "git_commit", "revision")
"""The tags of functions that name a commit."""
MOST = 10
"""Deployments whose commit is asked for."""


def completed(account: Account, changes: list[Change], gaps: list[Gap]) -> list[Change]:
    """Deployments with the commit that they run, where what was deployed says so; the newest first."""
    asking = _Asking(account, gaps)
    found = {one.id: asking.commit(one) for one in reversed(changes) if _lacks(one)}
    return [one.model_copy(update={"commit": found.get(one.id) or one.commit}) for one in changes]


def commit_in(text: str, where: re.Pattern[str] = TAG) -> str:
    """The commit that a text names; a date or a word in hexadecimal digits is none."""
    for found in where.findall(text.lower()):
        if len(found) == WHOLE or not (found.isdigit() or found.isalpha()):
            return found
    return ""


def _lacks(change: Change) -> bool:
    return change.kind == "deployment" and bool(change.after) and not change.commit


@dataclass
class _Asking:
    """Looks up commits, a few of them."""

    account: Account
    gaps: list[Gap]
    left: int = MOST
    refused: bool = False

    def commit(self, change: Change) -> str:
        """The first that is named; what was refused once is not asked again."""
        resource = self.account.inventory().topology.find(change.service)
        read = _READ.get(resource.system) if resource else None
        if read is None or resource is None or self.left <= 0 or self.refused:
            return ""
        self.left -= 1
        before = len(self.gaps)
        found = guarded(COMMITS, lambda: read(self.account.aws, resource, change), self.gaps)
        self.refused = len(self.gaps) > before
        return next(iter(found), "")


def _of_task(aws: Aws, service: Resource, change: Change) -> list[str]:
    """By the tag of a revision's image, else by all tags that the image has in ECR."""
    current = service.attributes.get("task_definition") == change.after
    image = service.attributes.get("image", "") if current else _image(aws, change.after)
    named, _, digest = image.partition("@")
    tag = named.rsplit("/", 1)[-1].partition(":")[2]
    if commit := commit_in(tag):
        return [commit]
    repository = ECR.match(image)
    if repository is None:
        return []
    if not digest and current:
        digest = _digest(aws, service, change.after)
    asked = {"imageDigest": digest} if digest else {"imageTag": tag or "latest"}
    return _commits(_tags(aws, repository[1], asked))


def _of_function(aws: Aws, function: Resource, change: Change) -> list[str]:
    """By what the version says of itself, else by what its function is tagged with."""
    version = change.after.rpartition(":")[2]
    reply = aws.call("lambda", "get_function_configuration", FunctionName=function.name, Qualifier=version)
    if found := _commits([reply.get("Description", "")], STATED):
        return found
    tags: dict[str, str] = aws.call("lambda", "list_tags", Resource=function.id).get("Tags", {})
    return _commits([value for key, value in tags.items() if key.lower() in KEYS], STATED)


_READ: dict[str, Callable[[Aws, Resource, Change], list[str]]] = {
    "aws:ecs-services": _of_task,
    "aws:lambda-functions": _of_function,
}


def _commits(texts: Iterable[str], where: re.Pattern[str] = TAG) -> list[str]:
    return [commit for text in texts if (commit := commit_in(text, where))]


def _image(aws: Aws, revision: str) -> str:
    reply = aws.call("ecs", "describe_task_definition", taskDefinition=revision)
    return task(reply["taskDefinition"]).image


def _digest(aws: Aws, service: Resource, revision: str) -> str:
    """The digest of what runs: its tag may have been given to another image since."""
    cluster = service.attributes["cluster"]
    arns = aws.pages("ecs", "list_tasks", "taskArns", limit=10, cluster=cluster, serviceName=service.name)
    if not arns:
        return ""
    tasks: list[dict[str, Any]] = aws.call("ecs", "describe_tasks", cluster=cluster, tasks=arns)["tasks"]
    own = (one for one in tasks if one["taskDefinitionArn"].rsplit("/", 1)[-1] == revision)
    return next((one["containers"][0].get("imageDigest", "") for one in own if one.get("containers")), "")


def _tags(aws: Aws, repository: str, image: dict[str, str]) -> list[str]:
    """All tags of an image; none where it has been taken away."""
    path = "imageDetails[].imageTags[]"
    try:
        return aws.pages("ecr", "describe_images", path, repositoryName=repository, imageIds=[image])
    except ToolFailed as error:
        if "NotFoundException" in str(error):
            return []
        raise
