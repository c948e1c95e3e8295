"""Faults that close a door between a service and one thing it needs: a credential, a permission, a route."""

from workers.sandbox.estate.beginning import Change
from workers.sandbox.estate.names import Names, arn, number
from workers.sandbox.estate.trail import Actor
from workers.sandbox.scenario.case import Trouble, Truth
from workers.sandbox.scenario.changes import Call, Shut, Turn
from workers.sandbox.scenario.people import somebody
from workers.sandbox.scenario.stage import Stage

ROTATION = Actor("secretsmanager", service="secretsmanager.amazonaws.com")
GRACE = 60 * 15.0
"""Seconds for which what was replaced is still accepted."""


def expired_credential(stage: Stage) -> Trouble:
    """A certificate or token ran out, or tasks still hold a password that was rotated."""
    service, part = _door(stage, ("external", "database"))
    truth = Truth(service, "expired_credential")
    share = stage.share(0.93, 0.97)
    if stage.base.application.kind(part) == "external" or stage.rng.random() < 0.5:
        return Trouble(truth, (Turn(stage.onset, service, f"expired {part}", share),))
    secret = arn("secretsmanager", f"secret:{stage.base.application.name}/{service}/{part}")
    rotation = Call(
        stage.onset - GRACE,
        "RotateSecret",
        "secretsmanager.amazonaws.com",
        ROTATION,
        {"secretId": secret},
        (("AWS::SecretsManager::Secret", secret),),
    )
    return Trouble(truth, (rotation, Turn(stage.onset, service, f"rotated {part}", share)))


def access_change(stage: Stage) -> Trouble:
    """Somebody takes away a permission of a role, or closes a port between a service and its database."""
    service, part = _door(stage, ("queue", "database"))
    figure = "denied" if stage.base.application.kind(part) == "queue" else "unreached"
    share = stage.share(0.93, 0.97)
    change = _detached if figure == "denied" else _revoked
    changes: tuple[Change, ...] = (
        Shut(stage.onset, service, f"{figure} {part}", share, change(stage, service, part)),
    )
    return Trouble(Truth(service, "access_change"), changes)


def balancer_or_dns(stage: Stage) -> Trouble:
    """Somebody put a maintenance answer into a rule of the balancer: healthy targets get no more requests."""
    service = stage.pick(stage.internal())
    action = {
        "type": "fixed-response",
        "fixedResponseConfig": {"statusCode": "503", "contentType": "text/plain"},
    }
    rule = Names(stage.base.application.name).rule(f"{service}.{stage.base.application.domain}")
    call = Call(
        stage.onset,
        "ModifyRule",
        "elasticloadbalancing.amazonaws.com",
        somebody(stage.rng),
        {"ruleArn": rule, "actions": [action]},
        (("AWS::ElasticLoadBalancingV2::ListenerRule", rule),),
    )
    return Trouble(Truth(service, "balancer_or_dns"), (Shut(stage.onset, service, "astray", 1.0, call),))


def _detached(stage: Stage, service: str, part: str) -> Call:
    role = f"{stage.base.application.name}-{service}"
    policy = f"{stage.base.application.name}-send-{part}"
    request = {"roleName": role, "policyName": policy}
    resources = (("AWS::IAM::Role", role), ("AWS::IAM::Policy", policy))
    return Call(stage.onset, "DeleteRolePolicy", "iam.amazonaws.com", somebody(stage.rng), request, resources)


def _revoked(stage: Stage, service: str, part: str) -> Call:
    group = security_group(part)
    rule = {
        "ipProtocol": "tcp",
        "fromPort": 5432,
        "toPort": 5432,
        "groups": {"items": [{"groupId": security_group(service)}]},
    }
    request = {"groupId": group, "ipPermissions": {"items": [rule]}}
    resources = (("AWS::EC2::SecurityGroup", group),)
    actor = somebody(stage.rng)
    return Call(stage.onset, "RevokeSecurityGroupIngress", "ec2.amazonaws.com", actor, request, resources)


def security_group(part: str) -> str:
    """The id of the security group of a part."""
    return f"sg-0{number(16**16, part):016x}"


def _door(stage: Stage, kinds: tuple[str, ...]) -> tuple[str, str]:
    """A service, and one thing of these kinds that most of its requests need."""
    application = stage.base.application
    doors = {
        name: [
            p
            for p in application.services[name].edges
            if application.kind(p) in kinds and _needed(stage, name, p)
        ]
        for name in stage.served()
    }
    service = stage.pick([name for name, parts in doors.items() if parts])
    parts = doors[service]
    return service, parts[int(stage.rng.integers(len(parts)))]


def _needed(stage: Stage, service: str, part: str) -> bool:
    """Whether enough requests need it for somebody to notice."""
    routes = stage.base.application.services[service].routes
    share = sum(r.share for r in routes if r.calls.get(part)) / sum(r.share for r in routes)
    return share * stage.rate(service) > 1.0
