"""Elastic Load Balancing v2: a public and an internal balancer, with all that hangs on them."""

from workers.sandbox.estate.names import ACCOUNT, REGION, ZONES, digest, number, uuid
from workers.sandbox.front.desk import Desk, Handler, Result, trimmed
from workers.sandbox.front.refusal import CloudError

PORT = 8080


def describe_load_balancers(desk: Desk) -> Result:
    """DescribeLoadBalancers."""
    found = [_balancer(desk, public) for public in (True, False)]
    found = _wanted(
        desk, found, "LoadBalancerArns", "LoadBalancerArn", "LoadBalancerNotFound", "Load balancers"
    )
    found = _wanted(desk, found, "Names", "LoadBalancerName", "LoadBalancerNotFound", "Load balancers")
    return {"LoadBalancers": found}


def describe_target_groups(desk: Desk) -> Result:
    """DescribeTargetGroups."""
    found = [_target_group(desk, name) for name in _balanced(desk)]
    found = _wanted(desk, found, "TargetGroupArns", "TargetGroupArn", "TargetGroupNotFound", "Target groups")
    found = _wanted(desk, found, "Names", "TargetGroupName", "TargetGroupNotFound", "Target groups")
    balancer = desk.get("LoadBalancerArn")
    found = [group for group in found if balancer in (None, group["LoadBalancerArns"][0])]
    page, token = desk.page(found, desk.get("PageSize", 400), desk.get("Marker"), "ValidationError")
    return trimmed({"TargetGroups": list(page), "NextMarker": token})


def describe_target_health(desk: Desk) -> Result:
    """DescribeTargetHealth: one target for each task."""
    service = _service_of(desk, desk.params["TargetGroupArn"])
    state = desk.world.fleet.services[service]
    if _of_function(desk, service):
        return {"TargetHealthDescriptions": [_function_target(desk, service)]}
    found = []
    for task in state.tasks:
        if task.created > desk.now or (task.stopped is not None and task.stopped <= desk.now):
            continue
        target = {"Id": task.address, "Port": PORT, "AvailabilityZone": task.zone}
        if _on_instances(desk, service):
            target["Id"] = desk.names.instance(task.id)
        if task.stopping is not None and task.stopping <= desk.now:
            text = "Target deregistration is in progress"
            health = {"State": "draining", "Reason": "Target.DeregistrationInProgress", "Description": text}
        elif task.started > desk.now:
            text = "Target registration is in progress"
            health = {"State": "initial", "Reason": "Elb.RegistrationInProgress", "Description": text}
        elif task.flaw or any(killed <= desk.now < ready for killed, ready in task.restarts):
            text = "Health checks failed with these codes: [503]"
            health = {"State": "unhealthy", "Reason": "Target.ResponseCodeMismatch", "Description": text}
        elif task.out_of_service(desk.now - 1, desk.now):
            health = {"State": "unhealthy", "Reason": "Target.Timeout", "Description": "Request timed out"}
        else:
            health = {"State": "healthy"}
        found.append({"Target": target, "HealthCheckPort": str(PORT), "TargetHealth": health})
    return {"TargetHealthDescriptions": found}


def describe_listeners(desk: Desk) -> Result:
    """DescribeListeners."""
    balancer, wanted = desk.get("LoadBalancerArn"), desk.get("ListenerArns", [])
    found = [_listener(desk, public) for public in (True, False)]
    known = {listener["LoadBalancerArn"] for listener in found}
    if balancer and balancer not in known:
        raise CloudError("LoadBalancerNotFound", f"Load balancer '{balancer}' not found")
    if not balancer and not wanted:
        raise CloudError("ValidationError", "You must specify either listener ARNs or a load balancer ARN")
    return {
        "Listeners": [
            listener
            for listener in found
            if balancer in (None, listener["LoadBalancerArn"])
            and (not wanted or listener["ListenerArn"] in wanted)
        ]
    }


def describe_rules(desk: Desk) -> Result:
    """DescribeRules: the internal balancer forwards by host name."""
    listener, wanted = desk.get("ListenerArn"), desk.get("RuleArns", [])
    rules = []
    for public in (True, False):
        if listener in (None, _listener_arn(desk, public)):
            rules += _rules(desk, public)
    if listener and not rules:
        raise CloudError("ListenerNotFound", f"One or more listeners not found: {listener}")
    return {"Rules": [rule for rule in rules if not wanted or rule["RuleArn"] in wanted]}


def _wanted(desk: Desk, items: list[Result], given: str, key: str, code: str, noun: str) -> list[Result]:
    names = desk.get(given, [])
    missing = set(names) - {item[key] for item in items}
    if missing:
        raise CloudError(code, f"{noun} '[{', '.join(sorted(missing))}]' not found")
    return [item for item in items if not names or item[key] in names]


def _balanced(desk: Desk) -> list[str]:
    return [name for name, s in desk.world.application.services.items() if not s.consumes]


def _service_of(desk: Desk, arn: str) -> str:
    for name in _balanced(desk):
        if desk.names.target_group(name) == arn:
            return name
    raise CloudError("TargetGroupNotFound", f"Target groups '{arn}' not found")


def _on_instances(desk: Desk, service: str) -> bool:
    return desk.world.application.services[service].runs_on == "ec2"


def _of_function(desk: Desk, service: str) -> bool:
    return desk.world.application.answers(service)


def _function_target(desk: Desk, service: str) -> Result:
    """A function as a target: whether it is well nobody checks."""
    alias = desk.world.application.services[service].alias
    text = "Health checks are not enabled for this target"
    health = {"State": "unavailable", "Reason": "Target.HealthCheckDisabled", "Description": text}
    target = {"Id": desk.arn("lambda", f"function:{service}:{alias}"), "AvailabilityZone": "all"}
    return {"Target": target, "TargetHealth": health}


def _network() -> str:
    return f"vpc-0{number(16**16, 'vpc'):016x}"


def _balancer(desk: Desk, public: bool) -> Result:
    name = desk.names.balancer(public)
    host = f"{'' if public else 'internal-'}{name}-{number(10**9, name)}.{REGION}.elb.amazonaws.com"
    zones = [{"ZoneName": z, "SubnetId": f"subnet-0{number(16**16, name, z):016x}"} for z in ZONES]
    return {
        "LoadBalancerArn": desk.names.load_balancer(public),
        "DNSName": host,
        "CanonicalHostedZoneId": "Z35SXDOTRQ7X7K",
        "CreatedTime": desk.world.began - 86400 * 410,
        "LoadBalancerName": name,
        "Scheme": "internet-facing" if public else "internal",
        "VpcId": _network(),
        "State": {"Code": "active"},
        "Type": "application",
        "AvailabilityZones": [{**zone, "LoadBalancerAddresses": []} for zone in zones],
        "SecurityGroups": [f"sg-0{number(16**16, 'balancer', name):016x}"],
        "IpAddressType": "ipv4",
    }


def _target_group(desk: Desk, service: str) -> Result:
    if _of_function(desk, service):
        return {
            "TargetGroupArn": desk.names.target_group(service),
            "TargetGroupName": f"{desk.world.application.name}-{service}",
            "HealthCheckEnabled": False,
            "HealthCheckIntervalSeconds": 35,
            "HealthCheckTimeoutSeconds": 30,
            "HealthyThresholdCount": 5,
            "UnhealthyThresholdCount": 2,
            "HealthCheckPath": "/",
            "Matcher": {"HttpCode": "200"},
            "LoadBalancerArns": [desk.names.load_balancer(desk.world.application.services[service].public)],
            "TargetType": "lambda",
            "IpAddressType": "ipv4",
        }
    return {
        "TargetGroupArn": desk.names.target_group(service),
        "TargetGroupName": f"{desk.world.application.name}-{service}",
        "Protocol": "HTTP",
        "Port": PORT,
        "VpcId": _network(),
        "HealthCheckProtocol": "HTTP",
        "HealthCheckPort": "traffic-port",
        "HealthCheckEnabled": True,
        "HealthCheckIntervalSeconds": 10,
        "HealthCheckTimeoutSeconds": 5,
        "HealthyThresholdCount": 2,
        "UnhealthyThresholdCount": 3,
        "HealthCheckPath": "/healthz",
        "Matcher": {"HttpCode": "200"},
        "LoadBalancerArns": [desk.names.load_balancer(desk.world.application.services[service].public)],
        "TargetType": "instance" if _on_instances(desk, service) else "ip",
        "ProtocolVersion": "HTTP1",
        "IpAddressType": "ipv4",
    }


def _listener_arn(desk: Desk, public: bool) -> str:
    return desk.names.listener(public)


def _listener(desk: Desk, public: bool) -> Result:
    entry = desk.world.application.traffic.entry
    refused = {"StatusCode": "404", "ContentType": "text/plain"}
    forward = _forward(desk, entry) if public else {"Type": "fixed-response", "FixedResponseConfig": refused}
    found: Result = {
        "ListenerArn": _listener_arn(desk, public),
        "LoadBalancerArn": desk.names.load_balancer(public),
        "Port": 443 if public else 80,
        "Protocol": "HTTPS" if public else "HTTP",
        "DefaultActions": [forward],
    }
    if public:
        certificate = f"arn:aws:acm:{REGION}:{ACCOUNT}:certificate/{uuid('certificate', entry)}"
        found |= {
            "Certificates": [{"CertificateArn": certificate}],
            "SslPolicy": "ELBSecurityPolicy-TLS13-1-2-2021-06",
        }
    return found


def _rules(desk: Desk, public: bool) -> list[Result]:
    base = _listener_arn(desk, public).replace(":listener/", ":listener-rule/")
    found = []
    if not public:
        names = [n for n in _balanced(desk) if not desk.world.application.services[n].public]
        for priority, name in enumerate(names, 1):
            host = f"{name}.{desk.world.application.domain}"
            condition = {"Field": "host-header", "Values": [host], "HostHeaderConfig": {"Values": [host]}}
            found.append(_rule(desk.names.rule(host), str(priority * 10), [condition], _action(desk, name)))
    default = _listener(desk, public)["DefaultActions"][0]
    return [*found, {**_rule(f"{base}/{digest(base)[:16]}", "default", [], default), "IsDefault": True}]


def _action(desk: Desk, service: str) -> Result:
    """What the balancer does with requests for a service."""
    if desk.world.conditions.now.get((service, "astray")):
        fixed = {"StatusCode": "503", "ContentType": "text/plain"}
        return {"Type": "fixed-response", "FixedResponseConfig": fixed}
    return _forward(desk, service)


def modify_rule(desk: Desk) -> Result:
    """ModifyRule: what is forwarded to the service's own targets again arrives."""
    wanted = desk.params["RuleArn"]
    rule = next((rule for rule in _rules(desk, False) if rule["RuleArn"] == wanted), None)
    if rule is None:
        raise CloudError("RuleNotFound", f"One or more rules not found: {wanted}")
    for action in desk.get("Actions", []):
        host = rule["Conditions"][0]["Values"][0].removesuffix(f".{desk.world.application.domain}")
        if action["Type"] == "forward" and action.get("TargetGroupArn") == desk.names.target_group(host):
            desk.world.take_back("ModifyRule", wanted, desk.now)
    return {"Rules": [rule for rule in _rules(desk, False) if rule["RuleArn"] == wanted]}


def _rule(arn: str, priority: str, conditions: list[Result], action: Result) -> Result:
    return {
        "RuleArn": arn,
        "Priority": priority,
        "Conditions": conditions,
        "Actions": [action],
        "IsDefault": False,
    }


def _forward(desk: Desk, service: str) -> Result:
    group = desk.names.target_group(service)
    config = {
        "TargetGroups": [{"TargetGroupArn": group, "Weight": 1}],
        "TargetGroupStickinessConfig": {"Enabled": False},
    }
    return {"Type": "forward", "TargetGroupArn": group, "ForwardConfig": config}


HANDLERS: dict[str, Handler] = {
    "DescribeLoadBalancers": describe_load_balancers,
    "DescribeTargetGroups": describe_target_groups,
    "DescribeTargetHealth": describe_target_health,
    "DescribeListeners": describe_listeners,
    "DescribeRules": describe_rules,
    "ModifyRule": modify_rule,
}
