"""An account at moto's: an orders service with everything around it that AWS itself knows to belong there."""

import io
import json
import zipfile
from collections.abc import Callable
from typing import Any

REGION = "eu-west-1"
ACCOUNT = "123456789012"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/orders"
Clients = Callable[[str], Any]


def build(aws: Clients) -> None:
    """Make it; what is named `idle` nothing refers to."""
    ec2 = aws("ec2")
    vpc = ec2.describe_vpcs()["Vpcs"][0]["VpcId"]
    subnets = [subnet["SubnetId"] for subnet in ec2.describe_subnets()["Subnets"][:2]]
    group = {
        name: ec2.create_security_group(GroupName=name, Description=name, VpcId=vpc)["GroupId"]
        for name in ("orders-tasks", "ledger-access", "idle-access")
    }
    _admit(ec2, group["ledger-access"], group["orders-tasks"], 5432)
    _admit(ec2, group["idle-access"], group["orders-tasks"], 22)
    _stores(aws, group)
    _functions(aws)
    arn = _balancer(aws, vpc, subnets)
    _service(aws, arn, subnets, group["orders-tasks"])
    _nodes(aws, subnets)


def _admit(ec2: Any, group: str, other: str, port: int) -> None:
    pairs = [{"GroupId": other}]
    rule = {"IpProtocol": "tcp", "FromPort": port, "ToPort": port, "UserIdGroupPairs": pairs}
    ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[rule])


def _stores(aws: Clients, group: dict[str, str]) -> None:
    for name in ("orders", "idle"):
        aws("dynamodb").create_table(
            TableName=name,
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
            StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"},
        )
        aws("sns").create_topic(Name=f"{name}-placed")
        place = {"LocationConstraint": REGION}
        aws("s3").create_bucket(Bucket=f"{name}-invoices", CreateBucketConfiguration=place)
        aws("kinesis").create_stream(StreamName=f"{name}-clicks", ShardCount=1)
    for name, held, tags in (
        ("ledger", "ledger-access", {}),
        ("reports", "idle-access", {"Service": "orders"}),
        ("idle-db", "idle-access", {}),
    ):
        aws("rds").create_db_instance(
            DBInstanceIdentifier=name,
            DBInstanceClass="db.t3.micro",
            Engine="postgres",
            AllocatedStorage=20,
            Port=5432,
            VpcSecurityGroupIds=[group[held]],
            Tags=[{"Key": key, "Value": value} for key, value in tags.items()],
        )


def _functions(aws: Clients) -> None:
    trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    aws("iam").create_role(RoleName="orders", AssumeRolePolicyDocument=policy)
    for name in ("invoice", "nightly", "idle"):
        aws("lambda").create_function(
            FunctionName=name,
            Runtime="python3.12",
            Role=ROLE,
            Handler="main.handler",
            Code={"ZipFile": _code()},
        )
    rule = aws("events").put_rule(Name="every-night", ScheduleExpression="rate(1 day)")["RuleArn"]
    _allow(aws, "nightly", "events.amazonaws.com", rule)
    stream = aws("dynamodb").describe_table(TableName="orders")["Table"]["LatestStreamArn"]
    aws("lambda").create_event_source_mapping(
        EventSourceArn=stream, FunctionName="invoice", StartingPosition="LATEST"
    )
    queue = aws("sqs").create_queue(QueueName="mails")["QueueUrl"]
    topic = f"arn:aws:sns:{REGION}:{ACCOUNT}:orders-placed"
    allowed = {
        "Effect": "Allow",
        "Principal": "*",
        "Action": "sqs:SendMessage",
        "Resource": "*",
        "Condition": {"ArnEquals": {"aws:SourceArn": topic}},
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
    aws("sqs").set_queue_attributes(QueueUrl=queue, Attributes={"Policy": policy})


def _allow(aws: Clients, function: str, who: str, arn: str) -> None:
    aws("lambda").add_permission(
        FunctionName=function,
        StatementId="come",
        Action="lambda:InvokeFunction",
        Principal=who,
        SourceArn=arn,
    )


def _code() -> bytes:
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as archive:
        archive.writestr("main.py", "def handler(event, context):\n    return event\n")
    return code.getvalue()


def _balancer(aws: Clients, vpc: str, subnets: list[str]) -> str:
    """A balancer with the orders service and an old machine behind it."""
    elb = aws("elbv2")
    balancer = elb.create_load_balancer(Name="orders-edge", Subnets=subnets)["LoadBalancers"][0][
        "LoadBalancerArn"
    ]
    arns = [
        elb.create_target_group(Name=name, Protocol="HTTP", Port=80, VpcId=vpc, TargetType=kind)[
            "TargetGroups"
        ][0]
        for name, kind in (("orders-targets", "ip"), ("old-targets", "instance"))
    ]
    for port, group in zip((80, 81), arns, strict=True):
        forward = [{"Type": "forward", "TargetGroupArn": group["TargetGroupArn"]}]
        elb.create_listener(LoadBalancerArn=balancer, Protocol="HTTP", Port=port, DefaultActions=forward)
    image = aws("ec2").describe_images()["Images"][0]["ImageId"]
    tagged = [{"ResourceType": "instance", "Tags": [{"Key": "Name", "Value": "old-machine"}]}]
    made = aws("ec2").run_instances(ImageId=image, MinCount=1, MaxCount=1, TagSpecifications=tagged)
    machine = made["Instances"][0]["InstanceId"]
    elb.register_targets(TargetGroupArn=arns[1]["TargetGroupArn"], Targets=[{"Id": machine}])
    return arns[0]["TargetGroupArn"]


def _service(aws: Clients, targets: str, subnets: list[str], group: str) -> None:
    settings = {
        "ORDERS_TABLE": "orders",
        "PLACED_TOPIC_ARN": f"arn:aws:sns:{REGION}:{ACCOUNT}:orders-placed",
        "INVOICES_BUCKET": "orders-invoices",
        "CLICK_STREAM_NAME": "orders-clicks",
        "GONE_TABLE": "gone",
        "PAGE_TABLE": "a b",
    }
    container = {
        "name": "main",
        "image": "orders:1",
        "memory": 512,
        "environment": [{"name": name, "value": value} for name, value in settings.items()],
    }
    aws("ecs").create_cluster(clusterName="prod")
    aws("ecs").register_task_definition(family="orders", containerDefinitions=[container])
    aws("ecs").create_service(
        cluster="prod",
        serviceName="orders",
        taskDefinition="orders",
        desiredCount=1,
        loadBalancers=[{"targetGroupArn": targets, "containerName": "main", "containerPort": 80}],
        networkConfiguration={"awsvpcConfiguration": {"subnets": subnets, "securityGroups": [group]}},
        tags=[{"key": "service", "value": "orders"}],
    )


def _nodes(aws: Clients, subnets: list[str]) -> None:
    """A cluster of Kubernetes and the group of its nodes, and one that runs nothing of ours."""
    for name in ("platform", "idle"):
        aws("eks").create_cluster(name=name, roleArn=ROLE, resourcesVpcConfig={"subnetIds": subnets})
    image = aws("ec2").describe_images()["Images"][0]["ImageId"]
    launch = {"ImageId": image, "InstanceType": "t3.micro"}
    aws("ec2").create_launch_template(LaunchTemplateName="nodes", LaunchTemplateData=launch)
    aws("autoscaling").create_auto_scaling_group(
        AutoScalingGroupName="nodes",
        MinSize=1,
        MaxSize=1,
        LaunchTemplate={"LaunchTemplateName": "nodes", "Version": "1"},
        AvailabilityZones=[f"{REGION}a"],
        Tags=[{"Key": "eks:cluster-name", "Value": "platform", "PropagateAtLaunch": True}],
    )
