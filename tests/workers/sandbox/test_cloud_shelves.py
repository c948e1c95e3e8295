"""What the account has besides what runs, for whoever asks what there is."""

from local_cloud import LocalCloud


def test_account_has_things_that_no_fault_concerns(cloud: LocalCloud) -> None:
    buckets = [one["Name"] for one in cloud.client("s3").list_buckets()["Buckets"]]
    tables = cloud.client("dynamodb").list_tables()["TableNames"]
    topics = [one["TopicArn"].rsplit(":", 1)[-1] for one in cloud.client("sns").list_topics()["Topics"]]

    assert buckets == ["fernhill-access-logs", "fernhill-backups", "fernhill-invoices"]
    assert tables == ["feature-flags"]
    assert sorted(topics) == ["pages", "weekly-report"]
