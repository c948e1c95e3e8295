"""One thing of AWS for each change: how it is made, what the change is, and what boto3 sees then."""

import io
import json
import zipfile
from collections.abc import Callable
from itertools import count
from typing import Any, NamedTuple

from tests.workers.executor.estate import ACCOUNT, MACHINE, REGION, Estate

IMAGE = "ami-12c6146b"
_numbers = count(1)
TRUST = json.dumps({"Version": "2012-10-17", "Statement": []})


class Trial(NamedTuple):
    """`make` makes the thing and gives the call's arguments; `look` is what boto3 shows of it."""

    make: Callable[[Estate], dict[str, Any]]
    look: Callable[[Estate, dict[str, Any]], Any]
    after: Any


def _instance(state: str = "running", **more: Any) -> Callable[[Estate], dict[str, Any]]:
    def make(aws: Estate) -> dict[str, Any]:
        ec2 = aws.client("ec2")
        found = ec2.run_instances(ImageId=IMAGE, MinCount=1, MaxCount=1, **more)["Instances"][0]["InstanceId"]
        if state == "stopped":
            ec2.stop_instances(InstanceIds=[found])
        return {"instance": found}

    return make


def _state(aws: Estate, call: dict[str, Any]) -> str:
    found = aws.client("ec2").describe_instances(InstanceIds=[call["instance"]])
    return found["Reservations"][0]["Instances"][0]["State"]["Name"]


def _asked(operation: str, parameter: str, argument: str) -> Callable[[Estate, dict[str, Any]], int]:
    """How often it was asked for: moto's things look the same after a reboot as before."""

    def look(aws: Estate, call: dict[str, Any]) -> int:
        given = [call[argument]] if parameter.endswith("Ids") else call[argument]
        return aws.count(operation, **{parameter: given})

    return look


def _function(**wanted: Any) -> Callable[[Estate], dict[str, Any]]:
    def make(aws: Estate) -> dict[str, Any]:
        name = f"labels-{next(_numbers)}"
        if "runner" not in [role["RoleName"] for role in aws.client("iam").list_roles()["Roles"]]:
            aws.client("iam").create_role(RoleName="runner", AssumeRolePolicyDocument=TRUST)
        code = io.BytesIO()
        with zipfile.ZipFile(code, "w") as archive:
            archive.writestr("main.py", "")
        functions = aws.client("lambda")
        functions.create_function(
            FunctionName=name,
            Runtime="python3.12",
            Role=f"arn:aws:iam::{ACCOUNT}:role/runner",
            Handler="main.handler",
            Code={"ZipFile": code.getvalue()},
            MemorySize=256,
            Timeout=10,
            Environment={"Variables": {"POOL": "5", "DB_PASSWORD": "Tr0ub4dor-and-3", "REGION": "eu"}},
        )
        if "alias" in wanted:
            for text in ("one", "two"):
                functions.publish_version(FunctionName=name, Description=text)
                functions.update_function_configuration(FunctionName=name, Description=text)
            functions.create_alias(FunctionName=name, Name="live", FunctionVersion="2")
        functions.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=4)
        return {"function": name, **wanted}

    return make


def _config(*keys: str) -> Callable[[Estate, dict[str, Any]], Any]:
    def look(aws: Estate, call: dict[str, Any]) -> Any:
        found = aws.client("lambda").get_function_configuration(FunctionName=call["function"])
        for key in keys:
            found = found[key]
        return found

    return look


def _alias(aws: Estate, call: dict[str, Any]) -> str:
    return aws.client("lambda").get_alias(FunctionName=call["function"], Name="live")["FunctionVersion"]


def _reserve(aws: Estate, call: dict[str, Any]) -> int:
    found = aws.client("lambda").get_function_concurrency(FunctionName=call["function"])
    return found["ReservedConcurrentExecutions"]


def _group(aws: Estate) -> dict[str, Any]:
    data = {"ImageId": IMAGE, "InstanceType": "t3.micro"}
    aws.client("ec2").create_launch_template(LaunchTemplateName="intake", LaunchTemplateData=data)
    aws.client("autoscaling").create_auto_scaling_group(
        AutoScalingGroupName="intake",
        MinSize=1,
        MaxSize=2,
        LaunchTemplate={"LaunchTemplateName": "intake", "Version": "1"},
        AvailabilityZones=[f"{REGION}a"],
    )
    return {"group": "intake", "minCount": 2, "maxCount": 6, "desiredCount": 3}


def _limits(aws: Estate, call: dict[str, Any]) -> tuple[int, int, int]:
    found = aws.client("autoscaling").describe_auto_scaling_groups(AutoScalingGroupNames=[call["group"]])
    group = found["AutoScalingGroups"][0]
    return group["MinSize"], group["MaxSize"], len(group["Instances"])


def _database(name: str, **wanted: Any) -> Callable[[Estate], dict[str, Any]]:
    def make(aws: Estate) -> dict[str, Any]:
        aws.client("rds").create_db_instance(
            DBInstanceIdentifier=name, DBInstanceClass="db.t3.micro", Engine="postgres", AllocatedStorage=20
        )
        return {"database": name, **wanted}

    return make


def _class(aws: Estate, call: dict[str, Any]) -> str:
    found = aws.client("rds").describe_db_instances(DBInstanceIdentifier=call["database"])
    return found["DBInstances"][0]["DBInstanceClass"]


def _cluster(aws: Estate) -> dict[str, Any]:
    rds = aws.client("rds")
    rds.create_db_cluster(
        DBClusterIdentifier="orders-db",
        Engine="aurora-postgresql",
        MasterUsername="app",
        ManageMasterUserPassword=True,
    )
    for name in ("orders-db-1", "orders-db-2"):
        rds.create_db_instance(
            DBInstanceIdentifier=name,
            DBClusterIdentifier="orders-db",
            DBInstanceClass="db.r6g.large",
            Engine="aurora-postgresql",
        )
    return {"cluster": "orders-db", "target": "orders-db-2"}


def _writer(aws: Estate, call: dict[str, Any]) -> str:
    found = aws.client("rds").describe_db_clusters(DBClusterIdentifier=call["cluster"])["DBClusters"][0]
    return next(one["DBInstanceIdentifier"] for one in found["DBClusterMembers"] if one["IsClusterWriter"])


def _table(aws: Estate) -> dict[str, Any]:
    aws.client("dynamodb").create_table(
        TableName="carts",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        ProvisionedThroughput={"ReadCapacityUnits": 5, "WriteCapacityUnits": 2},
    )
    return {"table": "carts", "reads": 50, "writes": 20}


def _capacity(aws: Estate, call: dict[str, Any]) -> tuple[int, int]:
    found = aws.client("dynamodb").describe_table(TableName=call["table"])["Table"]["ProvisionedThroughput"]
    return found["ReadCapacityUnits"], found["WriteCapacityUnits"]


def _cache(aws: Estate) -> dict[str, Any]:
    return {"cache": "carts-001", "node": "0001"}


def _replicated(name: str, replicas: int) -> Callable[[Estate], dict[str, Any]]:
    return lambda _aws: {"cache": name, "replicas": replicas}


def _replicas(aws: Estate, call: dict[str, Any]) -> int:
    found = aws.client("elasticache").describe_replication_groups(ReplicationGroupId=call["cache"])
    return len(found["ReplicationGroups"][0]["NodeGroups"][0]["NodeGroupMembers"]) - 1


def _letters(aws: Estate) -> dict[str, Any]:
    return {"queue": f"arn:aws:sqs:{REGION}:{ACCOUNT}:orders-failed"}


def _queue(aws: Estate) -> dict[str, Any]:
    return {"queue": aws.client("sqs").create_queue(QueueName="orders")["QueueUrl"], "seconds": 120}


def _visibility(aws: Estate, call: dict[str, Any]) -> str:
    asked = {"QueueUrl": call["queue"], "AttributeNames": ["VisibilityTimeout"]}
    return aws.client("sqs").get_queue_attributes(**asked)["Attributes"]["VisibilityTimeout"]


def _rule(name: str, state: str) -> Callable[[Estate], dict[str, Any]]:
    def make(aws: Estate) -> dict[str, Any]:
        aws.client("events").put_rule(Name=name, ScheduleExpression="rate(1 day)", State=state)
        return {"bus": "default", "rule": name}

    return make


def _ruled(aws: Estate, call: dict[str, Any]) -> str:
    return aws.client("events").describe_rule(Name=call["rule"])["State"]


def _alarm(name: str, acts: bool) -> Callable[[Estate], dict[str, Any]]:
    def make(aws: Estate) -> dict[str, Any]:
        aws.client("cloudwatch").put_metric_alarm(
            AlarmName=name,
            ActionsEnabled=acts,
            MetricName="5xx",
            Namespace="Shop",
            Statistic="Sum",
            Period=60,
            EvaluationPeriods=1,
            Threshold=40,
            ComparisonOperator="GreaterThanThreshold",
        )
        return {"alarm": name}

    return make


def _acts(aws: Estate, call: dict[str, Any]) -> bool:
    found = aws.client("cloudwatch").describe_alarms(AlarmNames=[call["alarm"]])
    return found["MetricAlarms"][0]["ActionsEnabled"]


def _execution(aws: Estate) -> dict[str, Any]:
    return {"execution": f"{MACHINE.replace('stateMachine', 'execution')}:may"}


def _redrives(aws: Estate, call: dict[str, Any]) -> tuple[str, int]:
    found = aws.client("stepfunctions").describe_execution(executionArn=call["execution"])
    return found["status"], found["redriveCount"]


def _rollback(aws: Estate, call: dict[str, Any]) -> tuple[str, str]:
    deploy = aws.client("codedeploy")
    found = deploy.get_deployment(deploymentId=call["deployment"])["deploymentInfo"]
    back = found.get("rollbackInfo", {}).get("rollbackDeploymentId", "")
    status = deploy.get_deployment(deploymentId=back)["deploymentInfo"]["status"] if back else ""
    return found["status"], status


def _record(aws: Estate) -> dict[str, Any]:
    route = aws.client("route53")
    zone = "Z0FERNHILL"
    for record, address in (("blue", "192.0.2.1"), ("green", "192.0.2.2")):
        made = {
            "Name": "shop.fernhill.example.",
            "Type": "A",
            "SetIdentifier": record,
            "Weight": 100,
            "TTL": 60,
            "ResourceRecords": [{"Value": address}],
        }
        batch = {"Changes": [{"Action": "CREATE", "ResourceRecordSet": made}]}
        route.change_resource_record_sets(HostedZoneId=zone, ChangeBatch=batch)
    return {"zone": zone, "domain": "shop.fernhill.example.", "type": "A", "record": "green", "weight": 10}


def _weighted(aws: Estate, call: dict[str, Any]) -> Any:
    found = aws.client("route53").list_resource_record_sets(HostedZoneId=call["zone"])["ResourceRecordSets"]
    ours = [one for one in found if "SetIdentifier" in one]
    told = ((o["SetIdentifier"], o["Weight"], o["TTL"], o["ResourceRecords"][0]["Value"]) for o in ours)
    return sorted(told)


def _listener(aws: Estate) -> dict[str, Any]:
    balancing, ec2 = aws.client("elbv2"), aws.client("ec2")
    subnets = ec2.describe_subnets()["Subnets"]
    vpc, ids = subnets[0]["VpcId"], [one["SubnetId"] for one in subnets[:2]]
    balancer = balancing.create_load_balancer(Name="web", Subnets=ids)["LoadBalancers"][0]["LoadBalancerArn"]
    first, second = (
        balancing.create_target_group(Name=name, Protocol="HTTP", Port=80, VpcId=vpc)["TargetGroups"][0][
            "TargetGroupArn"
        ]
        for name in ("blue", "green")
    )
    listener = balancing.create_listener(
        LoadBalancerArn=balancer,
        Protocol="HTTP",
        Port=80,
        DefaultActions=[{"Type": "forward", "TargetGroupArn": first}],
    )["Listeners"][0]["ListenerArn"]
    shares = [{"TargetGroupArn": first, "Weight": 90}, {"TargetGroupArn": second, "Weight": 10}]
    rule = balancing.create_rule(
        ListenerArn=listener,
        Priority=1,
        Conditions=[{"Field": "path-pattern", "Values": ["/shop/*"]}],
        Actions=[
            {
                "Type": "forward",
                "ForwardConfig": {
                    "TargetGroups": shares,
                    "TargetGroupStickinessConfig": {"Enabled": True, "DurationSeconds": 300},
                },
            }
        ],
    )["Rules"][0]["RuleArn"]
    return {"rule": rule, "first": first, "firstWeight": 0, "second": second, "secondWeight": 100}


def _shares(aws: Estate, call: dict[str, Any]) -> Any:
    found = aws.client("elbv2").describe_rules(RuleArns=[call["rule"]])["Rules"][0]
    (action,) = found["Actions"]
    shares = action["ForwardConfig"]["TargetGroups"]
    sticks = action["ForwardConfig"]["TargetGroupStickinessConfig"]
    return [int(one["Weight"]) for one in shares], sticks["DurationSeconds"], found["Conditions"][0]["Field"]


VARIABLES = {"POOL": "20", "DB_PASSWORD": "Tr0ub4dor-and-3", "REGION": "eu"}
WEIGHTS = [("blue", 100, 60, "192.0.2.1"), ("green", 10, 60, "192.0.2.2")]

TRIALS: dict[str, Trial] = {
    "autoscaling-limits": Trial(_group, _limits, (2, 6, 3)),
    "ec2-start": Trial(_instance("stopped"), _state, "running"),
    "ec2-stop": Trial(_instance(), _state, "stopped"),
    "ec2-reboot": Trial(_instance(), _asked("RebootInstances", "InstanceIds", "instance"), 1),
    "lambda-alias": Trial(_function(alias="live", version="1"), _alias, "1"),
    "lambda-reserve": Trial(_function(reservedCount=40), _reserve, 40),
    "lambda-memory": Trial(_function(megabytes=512), _config("MemorySize"), 512),
    "lambda-timeout": Trial(_function(seconds=30), _config("Timeout"), 30),
    "lambda-environment": Trial(
        _function(variable="POOL", value="20"), _config("Environment", "Variables"), VARIABLES
    ),
    "rds-reboot": Trial(
        _database("catalog"), _asked("RebootDBInstance", "DBInstanceIdentifier", "database"), 1
    ),
    "rds-class": Trial(_database("billing", instanceClass="db.r6g.large"), _class, "db.r6g.large"),
    "rds-failover": Trial(_cluster, _writer, "orders-db-2"),
    "dynamodb-capacity": Trial(_table, _capacity, (50, 20)),
    "elasticache-reboot": Trial(_cache, _asked("RebootCacheCluster", "CacheClusterId", "cache"), 1),
    "elasticache-add-replicas": Trial(_replicated("carts", 3), _replicas, 3),
    "elasticache-remove-replicas": Trial(_replicated("sessions", 0), _replicas, 0),
    "sqs-redrive": Trial(_letters, _asked("StartMessageMoveTask", "SourceArn", "queue"), 1),
    "sqs-visibility": Trial(_queue, _visibility, "120"),
    "eventbridge-enable": Trial(_rule("weekly", "DISABLED"), _ruled, "ENABLED"),
    "eventbridge-disable": Trial(_rule("nightly", "ENABLED"), _ruled, "DISABLED"),
    "alarm-actions-on": Trial(_alarm("quiet", acts=False), _acts, True),
    "alarm-actions-off": Trial(_alarm("loud", acts=True), _acts, False),
    "stepfunctions-redrive": Trial(_execution, _redrives, ("SUCCEEDED", 1)),
    "codedeploy-stop": Trial(lambda _: {"deployment": "d-ONE"}, _rollback, ("Stopped", "Succeeded")),
    "route53-weight": Trial(_record, _weighted, WEIGHTS),
    "alb-weights": Trial(_listener, _shares, ([0, 100], 300, "path-pattern")),
}
