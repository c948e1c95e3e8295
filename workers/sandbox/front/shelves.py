"""A few things that no fault concerns and moto keeps: what an account has besides what runs."""

from moto.dynamodb.models import dynamodb_backends
from moto.s3.models import s3_backends
from moto.sns.models import sns_backends

from workers.sandbox.estate.names import ACCOUNT, REGION, TABLE

BUCKETS = ("fernhill-access-logs", "fernhill-backups", "fernhill-invoices")
TOPICS = ("pages", "weekly-report")
TEAM = {"fernhill-invoices": "billing"}
"""Buckets that say whose they are."""


def fill() -> None:
    """Put them there, once a process."""
    storage = s3_backends[ACCOUNT]["aws"]
    for name in BUCKETS:
        if name not in storage.buckets:
            storage.create_bucket(name, REGION)
            storage.put_bucket_tagging(name, {"env": "prod", "team": TEAM.get(name, "platform")})
    for name in TOPICS:
        sns_backends[ACCOUNT][REGION].create_topic(name)
    database = dynamodb_backends[ACCOUNT][REGION]
    if TABLE not in database.tables:
        database.create_table(
            TABLE,
            schema=[{"AttributeName": "name", "KeyType": "HASH"}],
            attr=[{"AttributeName": "name", "AttributeType": "S"}],
            throughput=None,
            global_indexes=[],
            indexes=[],
            billing_mode="PAY_PER_REQUEST",
            sse_specification=None,
            streams=None,
            tags=[],
            deletion_protection_enabled=False,
            warm_throughput=None,
        )
