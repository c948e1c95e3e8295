"""Who calls and what they may: IAM users, their keys and policies, kept and evaluated by moto's IAM."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from moto.iam.access_control import IAMPolicy, IAMRequest, PermissionResult
from moto.iam.models import IAMBackend, iam_backends

from workers.sandbox.estate.names import ACCOUNT, REGION
from workers.sandbox.front.refusal import BAD_SIGNATURE, DENIED, UNKNOWN_KEY, UNSIGNED
from workers.sandbox.front.wire import Request, Signature

READS = (
    "ecs:ListClusters",
    "ecs:DescribeClusters",
    "ecs:ListServices",
    "ecs:DescribeServices",
    "ecs:DescribeTaskDefinition",
    "ecs:ListTaskDefinitions",
    "ecs:ListTaskDefinitionFamilies",
    "ecs:ListTasks",
    "ecs:DescribeTasks",
    "autoscaling:DescribeAutoScalingGroups",
    "autoscaling:DescribeScalingActivities",
    "autoscaling:DescribeInstanceRefreshes",
    "ec2:DescribeInstances",
    "ec2:DescribeInstanceStatus",
    "ec2:DescribeLaunchTemplates",
    "ec2:DescribeLaunchTemplateVersions",
    "elasticloadbalancing:DescribeLoadBalancers",
    "elasticloadbalancing:DescribeTargetGroups",
    "elasticloadbalancing:DescribeTargetHealth",
    "elasticloadbalancing:DescribeListeners",
    "elasticloadbalancing:DescribeRules",
    "rds:DescribeDBInstances",
    "rds:DescribeEvents",
    "elasticache:DescribeCacheClusters",
    "elasticache:DescribeReplicationGroups",
    "elasticache:DescribeEvents",
    "lambda:ListFunctions",
    "lambda:GetFunction",
    "lambda:GetFunctionConfiguration",
    "lambda:GetFunctionConcurrency",
    "lambda:ListVersionsByFunction",
    "lambda:ListAliases",
    "lambda:GetAlias",
    "lambda:GetPolicy",
    "lambda:ListTags",
    "ecr:DescribeImages",
    "lambda:ListEventSourceMappings",
    "sqs:ListQueues",
    "sqs:GetQueueUrl",
    "sqs:GetQueueAttributes",
    "cloudwatch:ListMetrics",
    "cloudwatch:GetMetricData",
    "cloudwatch:GetMetricStatistics",
    "cloudwatch:DescribeAlarms",
    "cloudwatch:DescribeAlarmsForMetric",
    "cloudwatch:DescribeAlarmHistory",
    "logs:DescribeLogGroups",
    "logs:DescribeLogStreams",
    "logs:FilterLogEvents",
    "logs:GetQueryResults",
    "logs:StartQuery",
    "logs:StopQuery",
    "cloudtrail:LookupEvents",
    "synthetics:DescribeCanaries",
    "synthetics:DescribeCanariesLastRun",
    "acm:ListCertificates",
    "amplify:ListApps",
    "amplify:ListJobs",
    "apigateway:GET",
    "apprunner:ListOperations",
    "apprunner:ListServices",
    "ce:GetCostAndUsage",
    "cloudformation:DescribeStackEvents",
    "cloudformation:DescribeStacks",
    "cloudformation:ListStacks",
    "codedeploy:BatchGetDeploymentGroups",
    "codedeploy:BatchGetDeployments",
    "codedeploy:ListDeployments",
    "codepipeline:ListActionExecutions",
    "codepipeline:ListPipelineExecutions",
    "codepipeline:ListPipelines",
    "dynamodb:DescribeTable",
    "dynamodb:ListTables",
    "ec2:DescribeSecurityGroups",
    "ec2:DescribeSubnets",
    "ec2:DescribeVpcs",
    "ecs:DescribeClusters",
    "events:ListRules",
    "iam:ListRoles",
    "kinesis:DescribeStreamSummary",
    "kinesis:ListStreams",
    "kms:DescribeKey",
    "kms:ListKeys",
    "rds:DescribeDBClusters",
    "route53:ListHostedZones",
    "s3:ListAllMyBuckets",
    "secretsmanager:ListSecrets",
    "sns:ListTopics",
    "ssm:DescribeParameters",
    "states:ListStateMachines",
    "application-signals:ListServiceLevelObjectives",
    "application-signals:ListServices",
    "xray:BatchGetTraces",
    "xray:GetServiceGraph",
    "xray:GetTraceSummaries",
    "tag:GetResources",
)
CHANGES = (
    "ecs:UpdateService",
    "autoscaling:StartInstanceRefresh",
    "autoscaling:SetDesiredCapacity",
    "lambda:UpdateAlias",
    "lambda:PutFunctionConcurrency",
)
WORKER, EXECUTOR, OPERATOR = "runbook-worker", "runbook-executor", "operator"
_POLICIES = {WORKER: READS, EXECUTOR: READS + CHANGES, OPERATOR: ("*",)}
_SKEW = 300.0


@dataclass(frozen=True)
class Caller:
    """An authenticated IAM user."""

    user: str
    key: str

    @property
    def arn(self) -> str:
        """The user's ARN."""
        return f"arn:aws:iam::{ACCOUNT}:user/{self.user}"


class _Signed(IAMRequest):
    """moto's check of a signature; every failure becomes one of our refusals."""

    def matches(self) -> bool:
        given = self._headers["Authorization"].partition("Signature=")[2].strip()
        return given == self._calculate_signature()

    @property
    def user(self) -> str:
        return self._access_key.arn.rpartition("/")[2]

    def _raise_invalid_access_key(self, _: str) -> None:
        raise KeyError(_)


class Identity:
    """The users of the account. Credentials are made anew at every start."""

    def __init__(self) -> None:
        """Create the users with their policies."""
        self._backend: IAMBackend = iam_backends[ACCOUNT]["aws"]
        self.keys: dict[str, tuple[str, str]] = {}
        for user, actions in _POLICIES.items():
            self._backend.create_user(REGION, user)
            key = self._backend.create_access_key(user)
            self.keys[user] = (key.access_key_id, key.secret_access_key)
            self._allow(user, actions)

    def deny(self, actions: list[str]) -> None:
        """Take these actions out of the worker's policy, and put back all others."""
        self._allow(WORKER, tuple(action for action in READS if action not in actions))

    def _allow(self, user: str, actions: tuple[str, ...]) -> None:
        statement = {"Effect": "Allow", "Action": list(actions), "Resource": "*"}
        document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        self._backend.put_user_policy(user, f"{user}-access", document)

    def write(self, folder: Path) -> None:
        """Write one shared-credentials file for each user."""
        folder.mkdir(parents=True, exist_ok=True)
        for user, (key, secret) in self.keys.items():
            path = folder / f"{user.removeprefix('runbook-')}.credentials"
            path.touch(mode=0o600)
            path.write_text(f"[default]\naws_access_key_id = {key}\naws_secret_access_key = {secret}\n")

    def authenticate(self, request: Request, now: float) -> Caller:
        """Who signed this request; refuses unknown keys, bad signatures and stale dates."""
        signature = request.signature
        if signature is None:
            raise request.refuse(UNSIGNED, "Missing Authentication Token")
        try:
            signed = _Signed(
                ACCOUNT,
                request.method,
                request.url,
                {},
                request.body,
                request.headers,
                request.operation or "",
            )
        except KeyError:
            raise request.refuse(
                UNKNOWN_KEY, "The security token included in the request is invalid."
            ) from None
        self._fresh(request, signature, now)
        if not signed.matches():
            text = (
                "The request signature we calculated does not match the signature you provided. Check your "
                "AWS Secret Access Key and signing method. Consult the service documentation for details."
            )
            raise request.refuse(BAD_SIGNATURE, text)
        return Caller(signed.user, signature.key)

    def _fresh(self, request: Request, signature: Signature, now: float) -> None:
        at = datetime.strptime(signature.date, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC).timestamp()
        if abs(now - at) > _SKEW:
            here = datetime.fromtimestamp(now, UTC).strftime("%Y%m%dT%H%M%SZ")
            text = f"Signature expired: {signature.date} is now earlier than {here} ({here} - 5 min.)"
            raise request.refuse(BAD_SIGNATURE, text)

    def authorize(self, caller: Caller, request: Request, action: str, resource: str = "*") -> None:
        """Refuse what the caller's policies do not allow. Everybody may ask who they are."""
        if action == "sts:GetCallerIdentity" or self._allowed(caller, action, resource):
            return
        where = f" on resource: {resource}" if resource != "*" else ""
        text = (
            f"User: {caller.arn} is not authorized to perform: {action}{where} because no identity-based "
            f"policy allows the {action} action"
        )
        if request.protocol == "ec2":
            text = f"You are not authorized to perform this operation. {text}"
        raise request.refuse(DENIED, text)

    def _allowed(self, caller: Caller, action: str, resource: str) -> bool:
        names = self._backend.list_user_policies(caller.user)
        policies = [IAMPolicy(self._backend.get_user_policy(caller.user, name)) for name in names]
        return any(p.is_action_permitted(action, resource) is PermissionResult.PERMITTED for p in policies)
