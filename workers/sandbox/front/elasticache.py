"""Amazon ElastiCache: nodes, replication groups and their events."""

from workers.sandbox.estate.beginning import within
from workers.sandbox.estate.names import REGION, number
from workers.sandbox.front.desk import Desk, Handler, Result, trimmed
from workers.sandbox.front.refusal import CloudError
from workers.sandbox.model.spec import Cache


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
    found: Result = {
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
    start, end = desk.window()
    wanted = desk.get("SourceIdentifier")
    events = [
        {"SourceIdentifier": h.part, "SourceType": "cache-cluster", "Message": h.text, "Date": h.at}
        for h in within(desk.world.happenings, start, end)
        if h.source == "elasticache" and wanted in (None, h.part)
    ]
    page, token = desk.page(events, desk.get("MaxRecords", 100), desk.get("Marker"))
    return trimmed({"Events": list(page), "Marker": token})


HANDLERS: dict[str, Handler] = {
    "DescribeCacheClusters": describe_cache_clusters,
    "DescribeReplicationGroups": describe_replication_groups,
    "DescribeEvents": describe_cache_events,
}
