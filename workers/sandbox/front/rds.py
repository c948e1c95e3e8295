"""Amazon RDS: instances and their events."""

from workers.sandbox.estate.beginning import Happening, within
from workers.sandbox.estate.names import REGION, ZONES, digest, number
from workers.sandbox.front.desk import Desk, Handler, Result, trimmed
from workers.sandbox.front.refusal import CloudError
from workers.sandbox.model.spec import Database


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
    moved = int(desk.world.conditions.now.get((name, "failed over"), 0.0))
    address = f"{name}.c9k2xw41bq.{REGION}.rds.amazonaws.com"
    return {
        "DBInstanceIdentifier": name,
        "DBInstanceClass": spec.instance_class,
        "Engine": "postgres",
        "DBInstanceStatus": "available" if desk.world.storage.free(name, desk.now) else "storage-full",
        "MasterUsername": "postgres",
        "DBName": spec.database,
        "Endpoint": {"Address": address, "Port": 5432, "HostedZoneId": "Z2R2ITUGPM61AM"},
        "AllocatedStorage": int(desk.world.storage.size(name)),
        "InstanceCreateTime": desk.world.began - 86400 * 402,
        "PreferredBackupWindow": "03:12-03:42",
        "BackupRetentionPeriod": 7,
        "DBSecurityGroups": [],
        "VpcSecurityGroups": [{"VpcSecurityGroupId": f"sg-0{number(16**16, name):016x}", "Status": "active"}],
        "DBParameterGroups": [{"DBParameterGroupName": f"{name}-pg16", "ParameterApplyStatus": "in-sync"}],
        "AvailabilityZone": ZONES[moved],
        "PreferredMaintenanceWindow": "sun:04:30-sun:05:00",
        "PendingModifiedValues": {},
        "LatestRestorableTime": desk.now // 300 * 300 - 60,
        "MultiAZ": True,
        "SecondaryAvailabilityZone": ZONES[1 - moved],
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
    start, end = desk.window()
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


def modify_db_instance(desk: Desk) -> Result:
    """ModifyDBInstance, as far as it gives an instance more storage."""
    name = str(desk.params["DBInstanceIdentifier"]).rpartition(":")[2]
    if name not in desk.world.application.databases:
        raise CloudError("DBInstanceNotFound", f"DBInstance {name} not found.", 404)
    wanted, spec = desk.get("AllocatedStorage"), desk.world.application.databases[name]
    if wanted is None:
        raise CloudError("InvalidParameterCombination", "No modifications were requested")
    size = desk.world.storage.size(name)
    if wanted < size * 1.1:
        text = f"Invalid storage size for engine name postgres and storage type gp3: {wanted}"
        raise CloudError("InvalidParameterCombination", text)
    desk.world.conditions.turn(desk.now, name, "added", wanted - spec.storage_gb)
    text = "Finished applying modification to allocated storage"
    desk.world.happenings.append(Happening(desk.now, "rds", name, text, ("configuration change",)))
    return {"DBInstance": _instance(desk, name, spec)}


def reboot_db_instance(desk: Desk) -> Result:
    """RebootDBInstance: every session ends, and whatever it held is free again."""
    name = str(desk.params["DBInstanceIdentifier"]).rpartition(":")[2]
    if name not in desk.world.application.databases:
        raise CloudError("DBInstanceNotFound", f"DBInstance {name} not found.", 404)
    desk.world.reboot(name, desk.now)
    found = _instance(desk, name, desk.world.application.databases[name])
    return {"DBInstance": found | {"DBInstanceStatus": "rebooting"}}


HANDLERS: dict[str, Handler] = {
    "DescribeDBInstances": describe_db_instances,
    "DescribeEvents": describe_db_events,
    "ModifyDBInstance": modify_db_instance,
    "RebootDBInstance": reboot_db_instance,
}
