"""One thing of every AWS service that moto knows: by row, how it is made, and the name it is listed under."""

import io
import json
import zipfile
from collections.abc import Callable
from typing import Any

Clients = Callable[[str], Any]
Seed = Callable[[Clients], str]

TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
        ],
    }
)
ROLE = "arn:aws:iam::123456789012:role/runner"
TAGS = [{"Key": "Name", "Value": "web-1"}]


def _role(aws: Clients) -> str:
    names = [role["RoleName"] for role in aws("iam").list_roles()["Roles"]]
    if "runner" not in names:
        aws("iam").create_role(RoleName="runner", AssumeRolePolicyDocument=TRUST)
    return "runner"


def _subnets(aws: Clients) -> list[str]:
    return [subnet["SubnetId"] for subnet in aws("ec2").describe_subnets()["Subnets"][:2]]


def _image(aws: Clients) -> str:
    return str(aws("ec2").describe_images()["Images"][0]["ImageId"])


def _instance(aws: Clients) -> str:
    tagged = [{"ResourceType": "instance", "Tags": TAGS}]
    aws("ec2").run_instances(ImageId=_image(aws), MinCount=1, MaxCount=1, TagSpecifications=tagged)
    return "web-1"


def _volume(aws: Clients) -> str:
    tagged = [{"ResourceType": "volume", "Tags": TAGS}]
    aws("ec2").create_volume(Size=8, AvailabilityZone="us-east-1a", TagSpecifications=tagged)
    return "web-1"


def _service(aws: Clients) -> str:
    aws("ecs").create_cluster(clusterName="prod")
    definition = [{"name": "main", "image": "shop:1", "memory": 512}]
    aws("ecs").register_task_definition(family="checkout", containerDefinitions=definition)
    aws("ecs").create_service(
        cluster="prod", serviceName="checkout", taskDefinition="checkout", desiredCount=1
    )
    return "checkout"


def _group(aws: Clients) -> str:
    data = {"ImageId": _image(aws), "InstanceType": "t3.micro"}
    aws("ec2").create_launch_template(LaunchTemplateName="claims", LaunchTemplateData=data)
    aws("autoscaling").create_auto_scaling_group(
        AutoScalingGroupName="claims",
        MinSize=1,
        MaxSize=1,
        LaunchTemplate={"LaunchTemplateName": "claims", "Version": "1"},
        AvailabilityZones=["us-east-1a"],
    )
    return "claims"


def _function(aws: Clients) -> str:
    _role(aws)
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as archive:
        archive.writestr("main.py", "def handler(event, context):\n    return event\n")
    aws("lambda").create_function(
        FunctionName="labels",
        Runtime="python3.12",
        Role=ROLE,
        Handler="main.handler",
        Code={"ZipFile": code.getvalue()},
    )
    return "labels"


def _database(aws: Clients) -> str:
    aws("rds").create_db_instance(
        DBInstanceIdentifier="shop-db", DBInstanceClass="db.t3.micro", Engine="postgres", AllocatedStorage=20
    )
    return "shop-db"


def _aurora(aws: Clients) -> str:
    aws("rds").create_db_cluster(
        DBClusterIdentifier="orders-db",
        Engine="aurora-postgresql",
        MasterUsername="app",
        ManageMasterUserPassword=True,
    )
    return "orders-db"


def _neptune(aws: Clients) -> str:
    aws("neptune").create_db_cluster(DBClusterIdentifier="graph", Engine="neptune")
    return "graph"


def _cache(aws: Clients) -> str:
    aws("elasticache").create_cache_cluster(
        CacheClusterId="shop-cache", Engine="redis", CacheNodeType="cache.t3.micro", NumCacheNodes=1
    )
    return "shop-cache"


def _canary(aws: Clients) -> str:
    aws("synthetics").create_canary(
        Name="storefront",
        Code={"Handler": "main.handler", "S3Bucket": "code", "S3Key": "canary.zip"},
        ArtifactS3Location="s3://code/canaries",
        ExecutionRoleArn=ROLE,
        Schedule={"Expression": "rate(1 minute)"},
        RuntimeVersion="syn-nodejs-puppeteer-9.1",
    )
    return "storefront"


def _kubernetes(aws: Clients) -> str:
    aws("eks").create_cluster(name="platform", roleArn=ROLE, resourcesVpcConfig={"subnetIds": _subnets(aws)})
    return "platform"


def _batch(aws: Clients) -> str:
    _role(aws)
    aws("batch").create_compute_environment(
        computeEnvironmentName="spot", type="UNMANAGED", state="ENABLED", serviceRole=ROLE
    )
    order = [{"order": 1, "computeEnvironment": "spot"}]
    aws("batch").create_job_queue(
        jobQueueName="nightly", state="ENABLED", priority=1, computeEnvironmentOrder=order
    )
    return "nightly"


def _beanstalk(aws: Clients) -> str:
    aws("elasticbeanstalk").create_application(ApplicationName="portal")
    aws("elasticbeanstalk").create_environment(ApplicationName="portal", EnvironmentName="portal-prod")
    return "portal-prod"


def _table(aws: Clients) -> str:
    aws("dynamodb").create_table(
        TableName="carts",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    return "carts"


def _redshift(aws: Clients) -> str:
    aws("redshift").create_cluster(
        ClusterIdentifier="reports", NodeType="ra3.large", MasterUsername="app", ManageMasterPassword=True
    )
    return "reports"


def _memorydb(aws: Clients) -> str:
    aws("memorydb").create_cluster(ClusterName="sessions", NodeType="db.t4g.small", ACLName="open-access")
    return "sessions"


def _plan(aws: Clients) -> str:
    rule = {"RuleName": "daily", "TargetBackupVaultName": "Default"}
    aws("backup").create_backup_plan(BackupPlan={"BackupPlanName": "databases", "Rules": [rule]})
    return "databases"


def _balancer(aws: Clients) -> str:
    aws("elbv2").create_load_balancer(Name="storefront", Subnets=_subnets(aws))
    return "storefront"


def _targets(aws: Clients) -> str:
    vpc = aws("ec2").describe_vpcs()["Vpcs"][0]["VpcId"]
    aws("elbv2").create_target_group(Name="checkout-targets", Protocol="HTTP", Port=80, VpcId=vpc)
    return "checkout-targets"


def _classic(aws: Clients) -> str:
    listener = {"Protocol": "HTTP", "LoadBalancerPort": 80, "InstancePort": 80}
    aws("elb").create_load_balancer(
        LoadBalancerName="old-site", Listeners=[listener], AvailabilityZones=["us-east-1a"]
    )
    return "old-site"


def _distribution(aws: Clients) -> str:
    origin = {
        "Id": "site",
        "DomainName": "site.example.com",
        "CustomOriginConfig": {"HTTPPort": 80, "HTTPSPort": 443, "OriginProtocolPolicy": "https-only"},
    }
    behaviour = {
        "TargetOriginId": "site",
        "ViewerProtocolPolicy": "https-only",
        "MinTTL": 0,
        "ForwardedValues": {"QueryString": False, "Cookies": {"Forward": "none"}},
    }
    made = aws("cloudfront").create_distribution(
        DistributionConfig={
            "CallerReference": "one",
            "Origins": {"Quantity": 1, "Items": [origin]},
            "DefaultCacheBehavior": behaviour,
            "Comment": "",
            "Enabled": True,
        }
    )
    return str(made["Distribution"]["DomainName"])


def _acl(aws: Clients) -> str:
    aws("wafv2").create_web_acl(
        Name="site-rules",
        Scope="REGIONAL",
        DefaultAction={"Allow": {}},
        VisibilityConfig={
            "SampledRequestsEnabled": False,
            "CloudWatchMetricsEnabled": False,
            "MetricName": "rules",
        },
    )
    return "site-rules"


def _machine(aws: Clients) -> str:
    _role(aws)
    definition = json.dumps({"StartAt": "Done", "States": {"Done": {"Type": "Succeed"}}})
    aws("stepfunctions").create_state_machine(name="refunds", definition=definition, roleArn=ROLE)
    return "refunds"


def _firehose(aws: Clients) -> str:
    target = {"RoleARN": ROLE, "BucketARN": "arn:aws:s3:::events"}
    aws("firehose").create_delivery_stream(DeliveryStreamName="clicks", S3DestinationConfiguration=target)
    return "clicks"


def _kafka(aws: Clients) -> str:
    nodes = {"InstanceType": "kafka.m5.large", "ClientSubnets": _subnets(aws)}
    aws("kafka").create_cluster(
        ClusterName="events", KafkaVersion="3.6.0", NumberOfBrokerNodes=2, BrokerNodeGroupInfo=nodes
    )
    return "events"


def _broker(aws: Clients) -> str:
    aws("mq").create_broker(
        BrokerName="jobs",
        EngineType="ActiveMQ",
        EngineVersion="5.18",
        HostInstanceType="mq.t3.micro",
        DeploymentMode="SINGLE_INSTANCE",
        PubliclyAccessible=False,
        AutoMinorVersionUpgrade=True,
        Users=[],
    )
    return "jobs"


def _alarm(aws: Clients) -> str:
    aws("cloudwatch").put_metric_alarm(
        AlarmName="checkout-5xx",
        MetricName="5xx",
        Namespace="Shop",
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=40,
        ComparisonOperator="GreaterThanThreshold",
    )
    return "checkout-5xx"


def _stack(aws: Clients) -> str:
    template = {"Resources": {"Queue": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "stacked"}}}}
    aws("cloudformation").create_stack(StackName="queues", TemplateBody=json.dumps(template))
    return "queues"


def _trail(aws: Clients) -> str:
    aws("s3").create_bucket(Bucket="trails")
    aws("cloudtrail").create_trail(Name="everything", S3BucketName="trails")
    return "everything"


def _rule(aws: Clients) -> str:
    source = {"Owner": "AWS", "SourceIdentifier": "S3_BUCKET_VERSIONING_ENABLED"}
    recorder = {"name": "all", "roleARN": ROLE}
    aws("config").put_configuration_recorder(ConfigurationRecorder=recorder)
    aws("config").put_config_rule(ConfigRule={"ConfigRuleName": "versioned", "Source": source})
    return "versioned"


def _build(aws: Clients) -> str:
    aws("codebuild").create_project(
        name="shop-build",
        source={"type": "S3", "location": "code/shop.zip"},
        artifacts={"type": "NO_ARTIFACTS"},
        environment={
            "type": "LINUX_CONTAINER",
            "image": "standard:7.0",
            "computeType": "BUILD_GENERAL1_SMALL",
        },
        serviceRole=ROLE,
    )
    return "shop-build"


def _search(aws: Clients) -> str:
    aws("opensearch").create_domain(DomainName="catalog")
    return "catalog"


def _emr(aws: Clients) -> str:
    nodes = {"MasterInstanceType": "m5.xlarge", "SlaveInstanceType": "m5.xlarge", "InstanceCount": 2}
    aws("emr").run_job_flow(Name="etl", Instances=nodes | {"KeepJobFlowAliveWhenNoSteps": True})
    return "etl"


def _glue(aws: Clients) -> str:
    aws("glue").create_job(Name="daily-sales", Role=ROLE, Command={"Name": "glueetl"})
    return "daily-sales"


def _endpoint(aws: Clients) -> str:
    client = aws("sagemaker")
    client.create_model(ModelName="scores", ExecutionRoleArn=ROLE, PrimaryContainer={"Image": "scores:1"})
    variant = {
        "VariantName": "all",
        "ModelName": "scores",
        "InitialInstanceCount": 1,
        "InstanceType": "ml.m5.large",
    }
    client.create_endpoint_config(EndpointConfigName="scores", ProductionVariants=[variant])
    client.create_endpoint(EndpointName="scores", EndpointConfigName="scores")
    return "scores"


def _detector(aws: Clients) -> str:
    return str(aws("guardduty").create_detector(Enable=True)["DetectorId"])


def _subnet(aws: Clients) -> str:
    return _subnets(aws)[0]


def _account(aws: Clients) -> str:
    aws("organizations").create_organization(FeatureSet="ALL")
    aws("organizations").create_account(AccountName="staging", Email="staging@fernhill.example")
    return "staging"


def _finding(aws: Clients) -> str:
    told = {
        "SchemaVersion": "2018-10-08",
        "Id": "one",
        "ProductArn": "arn:aws:securityhub:us-east-1:123456789012:product/123456789012/default",
        "GeneratorId": "one",
        "AwsAccountId": "123456789012",
        "Types": ["Software and Configuration Checks"],
        "CreatedAt": "2026-11-26T10:00:00Z",
        "UpdatedAt": "2026-11-26T10:00:00Z",
        "Severity": {"Label": "HIGH"},
        "Title": "A bucket is open",
        "Description": "Anybody can read it.",
        "RecordState": "ACTIVE",
        "Resources": [{"Type": "AwsS3Bucket", "Id": "arn:aws:s3:::invoices"}],
    }
    aws("securityhub").batch_import_findings(Findings=[told])
    return "A bucket is open"


def _fsx(aws: Clients) -> str:
    aws("fsx").create_file_system(
        FileSystemType="LUSTRE", StorageCapacity=1200, SubnetIds=_subnets(aws)[:1], Tags=TAGS
    )
    return "web-1"


def _plain(client: str, call: str, listed: str, /, **arguments: Any) -> Seed:
    """A thing that one call makes."""

    def make(aws: Clients) -> str:
        getattr(aws(client), call)(**arguments)
        return listed

    return make


SEEDS: dict[str, Seed] = {
    "ecs-services": _service,
    "autoscaling-groups": _group,
    "lambda-functions": _function,
    "rds-instances": _database,
    "elasticache-clusters": _cache,
    "sqs-queues": _plain("sqs", "create_queue", "orders", QueueName="orders"),
    "synthetics-canaries": _canary,
    "ec2-instances": _instance,
    "ebs-volumes": _volume,
    "ecs-clusters": _plain("ecs", "create_cluster", "staging", clusterName="staging"),
    "eks-clusters": _kubernetes,
    "batch-queues": _batch,
    "guardduty-detectors": _detector,
    "subnets": _subnet,
    "accounts": _account,
    "security-hub-findings": _finding,
    "ecr-repositories": _plain("ecr", "create_repository", "shop", repositoryName="shop"),
    "beanstalk-environments": _beanstalk,
    "rds-clusters": _aurora,
    "dynamodb-tables": _table,
    "neptune-clusters": _neptune,
    "redshift-clusters": _redshift,
    "memorydb-clusters": _memorydb,
    "s3-buckets": _plain("s3", "create_bucket", "invoices", Bucket="invoices"),
    "efs-file-systems": _plain("efs", "create_file_system", "web-1", CreationToken="one", Tags=TAGS),
    "fsx-file-systems": _fsx,
    "backup-plans": _plan,
    "vpcs": _plain(
        "ec2",
        "create_vpc",
        "web-1",
        CidrBlock="10.9.0.0/16",
        TagSpecifications=[{"ResourceType": "vpc", "Tags": TAGS}],
    ),
    "security-groups": _plain(
        "ec2", "create_security_group", "web-ports", GroupName="web-ports", Description="ports of the site"
    ),
    "load-balancers": _balancer,
    "target-groups": _targets,
    "classic-load-balancers": _classic,
    "cloudfront-distributions": _distribution,
    "route53-zones": _plain(
        "route53", "create_hosted_zone", "fernhill.example.", Name="fernhill.example", CallerReference="one"
    ),
    "rest-apis": _plain("apigateway", "create_rest_api", "partners", name="partners"),
    "http-apis": _plain("apigatewayv2", "create_api", "mobile", Name="mobile", ProtocolType="HTTP"),
    "iam-roles": _role,
    "secrets": _plain(
        "secretsmanager", "create_secret", "db-login", Name="db-login", SecretString="kept to itself"
    ),
    "kms-keys": _plain("kms", "create_key", "orders key", Description="orders key"),
    "certificates": _plain(
        "acm", "request_certificate", "shop.fernhill.example", DomainName="shop.fernhill.example"
    ),
    "web-acls": _acl,
    "user-pools": _plain("cognito-idp", "create_user_pool", "customers", PoolName="customers"),
    "sns-topics": _plain("sns", "create_topic", "pages", Name="pages"),
    "event-rules": _plain("events", "put_rule", "nightly", Name="nightly", ScheduleExpression="rate(1 day)"),
    "state-machines": _machine,
    "kinesis-streams": _plain("kinesis", "create_stream", "clicks", StreamName="clicks", ShardCount=1),
    "firehose-streams": _firehose,
    "msk-clusters": _kafka,
    "mq-brokers": _broker,
    "alarms": _alarm,
    "log-groups": _plain("logs", "create_log_group", "/shop/checkout", logGroupName="/shop/checkout"),
    "parameters": _plain("ssm", "put_parameter", "/shop/pool", Name="/shop/pool", Value="20", Type="String"),
    "stacks": _stack,
    "trails": _trail,
    "config-rules": _rule,
    "build-projects": _build,
    "deploy-applications": _plain(
        "codedeploy", "create_application", "shop-deploy", applicationName="shop-deploy"
    ),
    "work-groups": _plain("athena", "create_work_group", "analysts", Name="analysts"),
    "glue-jobs": _glue,
    "opensearch-domains": _search,
    "emr-clusters": _emr,
    "sagemaker-endpoints": _endpoint,
}
