"""What is looked up only because something refers to it: balancers, tables, topics, policies, groups."""

from collections.abc import Collection, Iterable
from functools import partial

from workers.domain.errors import ToolFailed
from workers.domain.telemetry import Resource
from workers.domain.value import Value
from workers.tools import listing, references
from workers.tools.listing import resource
from workers.tools.references import Reference
from workers.tools.rows import Service
from workers.tools.survey import Listed, Survey, TargetGroup

MOST = 50
"""Things of one kind that are asked about one by one."""


class Admission(Value):
    """A security group that lets another one reach some of its ports; -1 stands for all."""

    group: str
    admits: str
    first: int
    last: int

    def opens(self, port: int) -> bool:
        return self.first == -1 or self.first <= port <= self.last


def balancers(survey: Survey, groups: Iterable[TargetGroup]) -> list[Listed]:
    """The balancers that have target groups."""
    arns = sorted({group.balancer for group in groups} - {""})
    row = references.row_of("load-balancers")
    found = (
        []
        if not arns
        else survey.attempt(
            row.id,
            # Twenty ARNs are the most that one call takes.
            lambda: [
                item
                for first in range(0, len(arns), 20)
                for item in survey.aws.pages(
                    "elbv2",
                    "describe_load_balancers",
                    row.list.items,
                    LoadBalancerArns=arns[first : first + 20],
                )
            ],
        )
    )
    return [(row, _balancer(survey.aws.region, row, item)) for item in found or ()]


def _balancer(region: str, row: Service, item: dict[str, str]) -> Resource:
    one = resource(region, row, item)
    own = {"load_balancer": one.id.partition("loadbalancer/")[2], "endpoint": item["DNSName"].lower()}
    return one.model_copy(update={"attributes": one.attributes | own})


def instances(survey: Survey, groups: Iterable[TargetGroup], claimed: Collection[str]) -> list[Listed]:
    """The instances in target groups that belong to no service or Auto Scaling group."""
    alone = [one for one in groups if one.type == "instance" and one.balancer and one.arn not in claimed]
    targets = (
        []
        if not alone
        else survey.attempt(
            "targets", lambda: survey.aws.each(lambda one: survey.targets(one.arn), alone[:MOST])
        )
    )
    owners = {id_: group for group, ids in zip(alone, targets or (), strict=False) for id_ in ids}
    row = references.row_of("ec2-instances")
    found = (
        []
        if not owners
        else survey.attempt(
            row.id,
            lambda: survey.aws.pages(
                "ec2", "describe_instances", row.list.items, InstanceIds=sorted(owners)[:MOST]
            ),
        )
    )
    listed = [resource(survey.aws.region, row, item) for item in found or ()]
    return [
        (row, one.model_copy(update={"attributes": one.attributes | {"target_group": owners[one.id].arn}}))
        for one in listed
    ]


def called(survey: Survey, wanted: Iterable[Reference]) -> list[Listed]:
    """What references mean, each of their rows asked once, and side by side; some mean nothing."""
    names: dict[str, set[str]] = {}
    for reference in wanted:
        names.setdefault(reference.row, set()).add(reference.name)
    rows = [references.row_of(row) for row in names]
    asked = [survey.start(_called, survey, row, names[row.id]) for row in rows]
    return [(row, one) for row, asking in zip(rows, asked, strict=True) for one in asking.result()]


def _called(survey: Survey, row: Service, names: set[str]) -> list[Resource]:
    return survey.attempt(row.id, lambda: listing.called(survey.aws, row, names)) or []


def visitors(survey: Survey, lonely: Iterable[Resource]) -> dict[str, tuple[str, ...]]:
    """By function or queue: the ARNs of what its policy lets come to it."""
    ask = {"function": _of_function, "queue": _of_queue}
    lonely = [one for one in lonely if one.kind in ask]
    found: dict[str, tuple[str, ...]] = {}
    for kind, policy in ask.items():
        some = [one for one in lonely if one.kind == kind][:MOST]
        policies = (
            []
            if not some
            else survey.attempt(
                f"what may come to {kind}s",
                lambda some=some, policy=policy: survey.aws.each(partial(policy, survey), some),
            )
        )
        found |= {one.name: references.sources(text) for one, text in zip(some, policies or (), strict=False)}
    return found


def _of_function(survey: Survey, function: Resource) -> str:
    try:
        return survey.aws.call("lambda", "get_policy", FunctionName=function.id).get("Policy", "")
    except ToolFailed as error:
        if "ResourceNotFoundException" in str(error):
            return ""  # it has none: nobody but its own account may come
        raise


def _of_queue(survey: Survey, queue: Resource) -> str:
    reply = survey.aws.call("sqs", "get_queue_attributes", QueueUrl=queue.id, AttributeNames=["Policy"])
    return reply.get("Attributes", {}).get("Policy", "")


def admissions(survey: Survey, groups: Collection[str]) -> list[Admission]:
    """Which security groups these let in, and where."""
    wanted = [{"Name": "group-id", "Values": sorted(groups)[:MOST]}]
    found = (
        []
        if not groups
        else survey.attempt(
            "security-groups",
            lambda: survey.aws.pages("ec2", "describe_security_groups", "SecurityGroups", Filters=wanted),
        )
    )
    return [
        Admission(
            group=group["GroupId"],
            admits=pair["GroupId"],
            first=rule.get("FromPort", -1),
            last=rule.get("ToPort", -1),
        )
        for group in found or ()
        for rule in group.get("IpPermissions", [])
        for pair in rule.get("UserIdGroupPairs", [])
        # Who shares a group with everybody is not told apart by it.
        if pair["GroupId"] != group["GroupId"]
    ]
