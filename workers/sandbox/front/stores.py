"""The stores: Amazon RDS, Amazon ElastiCache and Amazon SQS."""

from workers.sandbox.estate.names import ACCOUNT, REGION, digest, number
from workers.sandbox.estate.world import within
from workers.sandbox.front.desk import Desk, Handler, Result, trimmed
from workers.sandbox.front.refusal import CloudError
from workers.sandbox.model.spec import Cache, Database

# ---- Amazon RDS ----


def describe_db_instances(desk: Desk) -> Result:
    """DescribeDBInstances."""
    wanted = desk.get("DBInstanceIdentifier")
    databases = desk.world.application.databases
    if wanted and wanted.rpartition(":")[2] not in databases:
        raise CloudError("DBInstanceNotFound", f"DBInstance {wanted} not found.", 404)
    names = [name for name in sorted(databases) if wanted in (None, name) or wanted.endswith(f":{name}")]
    page, token = desk.page(names, desk.get("MaxRecords", 100), desk.get("Marker"))
    return trimmed({"DBInstances": [_instance(desk, n, databases[n]) for n in page], "Marker": token})


def _instance(desk: Desk, name: str, spec: Database) -> Result:
    address = f"{name}.c9k2xw41bq.{REGION}.rds.amazonaws.com"
    return {
        "DBInstanceIdentifier": name,
        "DBInstanceClass": spec.instance_class,
        "Engine": "postgres",
        "DBInstanceStatus": "available",
        "MasterUsername": "postgres",
        "DBName": spec.database,
        "Endpoint": {"Address": address, "Port": 5432, "HostedZoneId": "Z2R2ITUGPM61AM"},
        "AllocatedStorage": int(spec.storage_gb),
        "InstanceCreateTime": desk.world.began - 86400 * 402,
        "PreferredBackupWindow": "03:12-03:42",
        "BackupRetentionPeriod": 7,
        "DBSecurityGroups": [],
        "VpcSecurityGroups": [{"VpcSecurityGroupId": f"sg-0{number(16**16, name):016x}", "Status": "active"}],
        "DBParameterGroups": [{"DBParameterGroupName": f"{name}-pg16", "ParameterApplyStatus": "in-sync"}],
        "AvailabilityZone": f"{REGION}a",
        "PreferredMaintenanceWindow": "sun:04:30-sun:05:00",
        "PendingModifiedValues": {},
        "LatestRestorableTime": desk.now // 300 * 300 - 60,
        "MultiAZ": True,
        "SecondaryAvailabilityZone": f"{REGION}b",
        "EngineVersion": "16.4",
        "AutoMinorVersionUpgrade": True,
        "ReadReplicaDBInstanceIdentifiers": [],
        "LicenseModel": "postgresql-license",
        "StorageType": "gp3",
        "Iops": 3000,
        "PubliclyAccessible": False,
        "StorageEncrypted": True,
        "DbiResourceId": f"db-{digest(name)[:26].upper()}",
        "CACertificateIdentifier": "rds-ca-rsa2048-g1",
        "DomainMemberships": [],
        "CopyTagsToSnapshot": True,
        "MonitoringInterval": 0,
        "DBInstanceArn": desk.arn("rds", f"db:{name}"),
        "IAMDatabaseAuthenticationEnabled": False,
        "PerformanceInsightsEnabled": False,
        "EnabledCloudwatchLogsExports": ["postgresql"],
        "DeletionProtection": True,
        "TagList": [],
    }


def describe_db_events(desk: Desk) -> Result:
    """DescribeEvents of RDS: the last hour, unless asked for another time, of at most 14 days."""
    start, end = _window(desk)
    wanted = desk.get("SourceIdentifier")
    if wanted and not desk.get("SourceType"):
        text = "SourceIdentifier may only be provided with SourceType"
        raise CloudError("InvalidParameterCombination", text)
    events = [
        {
            "SourceIdentifier": h.part,
            "SourceType": "db-instance",
            "Message": h.text,
            "EventCategories": list(h.categories),
            "Date": h.at,
            "SourceArn": desk.arn("rds", f"db:{h.part}"),
        }
        for h in within(desk.world.happenings, start, end)
        if h.source == "rds" and wanted in (None, h.part) and desk.get("SourceType") in (None, "db-instance")
    ]
    page, token = desk.page(events, desk.get("MaxRecords", 100), desk.get("Marker"))
    return trimmed({"Events": list(page), "Marker": token})


def _window(desk: Desk) -> tuple[float, float]:
    end = desk.get("EndTime", desk.now)
    return desk.get("StartTime", end - 60 * desk.get("Duration", 60)), end


# ---- Amazon ElastiCache ----


def describe_cache_clusters(desk: Desk) -> Result:
    """DescribeCacheClusters."""
    wanted, caches = desk.get("CacheClusterId"), desk.world.application.caches
    nodes = {f"{name}-001": (name, spec) for name, spec in sorted(caches.items())}
    if wanted and wanted not in nodes:
        raise CloudError("CacheClusterNotFound", f"CacheCluster not found: {wanted}", 404)
    shown = bool(desk.get("ShowCacheNodeInfo"))
    found = [_node(desk, n, *nodes[n], shown) for n in nodes if wanted in (None, n)]
    page, token = desk.page(found, desk.get("MaxRecords", 100), desk.get("Marker"))
    return trimmed({"CacheClusters": list(page), "Marker": token})


def _node(desk: Desk, node: str, group: str, spec: Cache, shown: bool) -> Result:
    created = desk.world.began - 86400 * 380
    found = {
        "CacheClusterId": node,
        "CacheNodeType": spec.node_type,
        "Engine": "redis",
        "EngineVersion": "7.1.0",
        "CacheClusterStatus": "available",
        "NumCacheNodes": 1,
        "PreferredAvailabilityZone": f"{REGION}a",
        "CacheClusterCreateTime": created,
        "PreferredMaintenanceWindow": "tue:05:00-tue:06:00",
        "PendingModifiedValues": {},
        "CacheSecurityGroups": [],
        "CacheParameterGroup": {
            "CacheParameterGroupName": "default.redis7",
            "ParameterApplyStatus": "in-sync",
            "CacheNodeIdsToReboot": [],
        },
        "CacheSubnetGroupName": f"{desk.world.application.name}-private",
        "AutoMinorVersionUpgrade": True,
        "SecurityGroups": [{"SecurityGroupId": f"sg-0{number(16**16, group):016x}", "Status": "active"}],
        "ReplicationGroupId": group,
        "SnapshotRetentionLimit": 1,
        "SnapshotWindow": "03:30-04:30",
        "AuthTokenEnabled": False,
        "TransitEncryptionEnabled": False,
        "AtRestEncryptionEnabled": True,
        "ARN": desk.arn("elasticache", f"cluster:{node}"),
        "ReplicationGroupLogDeliveryEnabled": False,
    }
    if shown:
        endpoint = {"Address": f"{node}.7mfu2v.0001.use1.cache.amazonaws.com", "Port": 6379}
        found["CacheNodes"] = [
            {
                "CacheNodeId": "0001",
                "CacheNodeStatus": "available",
                "CacheNodeCreateTime": created,
                "Endpoint": endpoint,
                "ParameterGroupStatus": "in-sync",
                "CustomerAvailabilityZone": f"{REGION}a",
            }
        ]
    return found


def describe_replication_groups(desk: Desk) -> Result:
    """DescribeReplicationGroups."""
    wanted, caches = desk.get("ReplicationGroupId"), desk.world.application.caches
    if wanted and wanted not in caches:
        raise CloudError("ReplicationGroupNotFoundFault", f"ReplicationGroup not found: {wanted}", 404)
    names = [name for name in sorted(caches) if wanted in (None, name)]
    page, token = desk.page(names, desk.get("MaxRecords", 100), desk.get("Marker"))
    return trimmed({"ReplicationGroups": [_group(desk, n, caches[n]) for n in page], "Marker": token})


def _group(desk: Desk, name: str, spec: Cache) -> Result:
    endpoint = {"Address": f"{name}.7mfu2v.ng.0001.use1.cache.amazonaws.com", "Port": 6379}
    member = {
        "CacheClusterId": f"{name}-001",
        "CacheNodeId": "0001",
        "ReadEndpoint": {"Address": f"{name}-001.7mfu2v.0001.use1.cache.amazonaws.com", "Port": 6379},
        "PreferredAvailabilityZone": f"{REGION}a",
        "CurrentRole": "primary",
    }
    shard = {
        "NodeGroupId": "0001",
        "Status": "available",
        "PrimaryEndpoint": endpoint,
        "NodeGroupMembers": [member],
    }
    return {
        "ReplicationGroupId": name,
        "Description": f"{desk.world.application.title} cache",
        "Status": "available",
        "PendingModifiedValues": {},
        "MemberClusters": [f"{name}-001"],
        "NodeGroups": [shard],
        "SnapshottingClusterId": f"{name}-001",
        "AutomaticFailover": "disabled",
        "MultiAZ": "disabled",
        "SnapshotRetentionLimit": 1,
        "SnapshotWindow": "03:30-04:30",
        "ClusterEnabled": False,
        "CacheNodeType": spec.node_type,
        "AuthTokenEnabled": False,
        "TransitEncryptionEnabled": False,
        "AtRestEncryptionEnabled": True,
        "ARN": desk.arn("elasticache", f"replicationgroup:{name}"),
        "LogDeliveryConfigurations": [],
    }


def describe_cache_events(desk: Desk) -> Result:
    """DescribeEvents of ElastiCache."""
    start, end = _window(desk)
    wanted = desk.get("SourceIdentifier")
    events = [
        {"SourceIdentifier": h.part, "SourceType": "cache-cluster", "Message": h.text, "Date": h.at}
        for h in within(desk.world.happenings, start, end)
        if h.source == "elasticache" and wanted in (None, h.part)
    ]
    page, token = desk.page(events, desk.get("MaxRecords", 100), desk.get("Marker"))
    return trimmed({"Events": list(page), "Marker": token})


# ---- Amazon SQS ----


def list_queues(desk: Desk) -> Result:
    """ListQueues."""
    prefix = desk.get("QueueNamePrefix", "")
    urls = [desk.names.queue_url(name) for name in _queues(desk) if name.startswith(prefix)]
    return {"QueueUrls": urls} if urls else {}


def get_queue_url(desk: Desk) -> Result:
    """GetQueueUrl."""
    return {"QueueUrl": desk.names.queue_url(_queue(desk, desk.params["QueueName"]))}


def get_queue_attributes(desk: Desk) -> Result:
    """GetQueueAttributes, with the counts of this moment."""
    name = _queue(desk, desk.params["QueueUrl"].rpartition("/")[2])
    attributes = _attributes(desk, name)
    wanted = desk.get("AttributeNames", [])
    unknown = (
        set(wanted) - set(attributes) - {"All", "RedriveAllowPolicy", "Policy", "FifoQueue", "KmsMasterKeyId"}
    )
    if unknown:
        raise CloudError("InvalidAttributeName", f"Unknown Attribute {sorted(unknown)[0]}.")
    shown = {k: v for k, v in attributes.items() if "All" in wanted or k in wanted}
    return {"Attributes": shown} if shown else {}


def _queues(desk: Desk) -> list[str]:
    return [each for name in sorted(desk.world.application.queues) for each in (name, f"{name}-dead-letters")]


def _queue(desk: Desk, name: str) -> str:
    if name not in _queues(desk):
        raise CloudError("AWS.SimpleQueueService.NonExistentQueue", "The specified queue does not exist.")
    return name


def _attributes(desk: Desk, name: str) -> dict[str, str]:
    created = str(int(desk.world.began - 86400 * 390))
    visible, in_flight = desk.world.queue_counts(name)
    found = {
        "QueueArn": desk.arn("sqs", name),
        "ApproximateNumberOfMessages": str(visible),
        "ApproximateNumberOfMessagesNotVisible": str(in_flight),
        "ApproximateNumberOfMessagesDelayed": "0",
        "CreatedTimestamp": created,
        "LastModifiedTimestamp": created,
        "VisibilityTimeout": "30",
        "MaximumMessageSize": "262144",
        "MessageRetentionPeriod": "345600",
        "DelaySeconds": "0",
        "ReceiveMessageWaitTimeSeconds": "20",
        "SqsManagedSseEnabled": "true",
    }
    spec = desk.world.application.queues.get(name)
    if spec:
        dead = f"arn:aws:sqs:{REGION}:{ACCOUNT}:{name}-dead-letters"
        found["VisibilityTimeout"] = str(spec.visibility_seconds)
        found["RedrivePolicy"] = f'{{"deadLetterTargetArn":"{dead}","maxReceiveCount":{spec.max_receives}}}'
    return found


RDS_HANDLERS: dict[str, Handler] = {
    "DescribeDBInstances": describe_db_instances,
    "DescribeEvents": describe_db_events,
}
ELASTICACHE_HANDLERS: dict[str, Handler] = {
    "DescribeCacheClusters": describe_cache_clusters,
    "DescribeReplicationGroups": describe_replication_groups,
    "DescribeEvents": describe_cache_events,
}
SQS_HANDLERS: dict[str, Handler] = {
    "ListQueues": list_queues,
    "GetQueueUrl": get_queue_url,
    "GetQueueAttributes": get_queue_attributes,
}
