"""ARNs, ids and addresses: everything that AWS would have made up, made from the case's seed instead."""

import hashlib
from dataclasses import dataclass

ACCOUNT = "123456789012"
REGION = "us-east-1"
ZONES = ("us-east-1a", "us-east-1b", "us-east-1c")
TABLE = "feature-flags"
"""The one table of every application."""


def digest(*parts: object) -> str:
    """64 hexadecimal digits that depend on nothing but the parts."""
    return hashlib.sha256("\x1f".join(map(str, parts)).encode()).hexdigest()


def number(below: int, *parts: object) -> int:
    """A whole number in [0, below) that depends on nothing but the parts."""
    return int(digest(*parts)[:15], 16) % below


def fraction(*parts: object) -> float:
    """A number in [0, 1) that depends on nothing but the parts."""
    return number(1 << 40, *parts) / (1 << 40)


def uuid(*parts: object) -> str:
    """An id in the usual five groups."""
    text = digest("uuid", *parts)
    return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-a{text[17:20]}-{text[20:32]}"


def arn(service: str, resource: str) -> str:
    """An ARN in this account and region."""
    return f"arn:aws:{service}:{REGION}:{ACCOUNT}:{resource}"


@dataclass(frozen=True)
class Names:
    """What the resources of one application are called."""

    application: str

    @property
    def cluster(self) -> str:
        """The ECS cluster's ARN."""
        return arn("ecs", f"cluster/{self.application}")

    def service(self, service: str) -> str:
        """An ECS service's ARN."""
        return arn("ecs", f"service/{self.application}/{service}")

    def family(self, service: str) -> str:
        """The task definition family of a service."""
        return f"{self.application}-{service}"

    def task_definition(self, service: str, revision: int) -> str:
        """A task definition's ARN."""
        return arn("ecs", f"task-definition/{self.family(service)}:{revision}")

    def task(self, task: str) -> str:
        """A task's ARN."""
        return arn("ecs", f"task/{self.application}/{task}")

    def balancer(self, public: bool) -> str:
        """The name of the public or the internal load balancer."""
        return f"{self.application}-{'public' if public else 'internal'}"

    def balancer_id(self, public: bool) -> str:
        """The LoadBalancer dimension, as CloudWatch writes it."""
        name = self.balancer(public)
        return f"app/{name}/{digest('balancer', name)[:16]}"

    def target_group_id(self, service: str) -> str:
        """The TargetGroup dimension, as CloudWatch writes it."""
        name = f"{self.application}-{service}"
        return f"targetgroup/{name}/{digest('target group', name)[:16]}"

    def target_group(self, service: str) -> str:
        """A target group's ARN."""
        return arn("elasticloadbalancing", self.target_group_id(service))

    def load_balancer(self, public: bool) -> str:
        """A load balancer's ARN."""
        return arn("elasticloadbalancing", f"loadbalancer/{self.balancer_id(public)}")

    def listener(self, public: bool) -> str:
        """The ARN of a load balancer's listener."""
        name = self.balancer(public)
        return arn("elasticloadbalancing", f"listener/{self.balancer_id(public)}/{digest(name)[:16]}")

    def rule(self, host: str) -> str:
        """The ARN of the internal balancer's rule for a host."""
        base = self.listener(False).replace(":listener/", ":listener-rule/")
        return f"{base}/{digest(host)[:16]}"

    def log_group(self, service: str, platform: str = "ecs") -> str:
        """The log group of a service, by what it runs on."""
        groups = {"ec2": f"/{self.application}/{service}", "lambda": f"/aws/lambda/{service}"}
        return groups.get(platform, f"/ecs/{self.application}/{service}")

    def instance(self, task: str) -> str:
        """The id of the EC2 instance that a task of the simulation stands for."""
        return f"i-0{task[:16]}"

    def template_id(self, service: str) -> str:
        """The id of a service's launch template."""
        return f"lt-0{digest('launch template', self.family(service))[:16]}"

    def group(self, service: str) -> str:
        """The ARN of a service's Auto Scaling group."""
        name = f"autoScalingGroup:{uuid('group', self.family(service))}:autoScalingGroupName/{service}"
        return arn("autoscaling", name)

    def queue_url(self, queue: str) -> str:
        """An SQS queue's address."""
        return f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/{queue}"
