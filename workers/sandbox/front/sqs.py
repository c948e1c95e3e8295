"""Amazon SQS: queues and the counts of their messages."""

from workers.sandbox.estate.names import ACCOUNT, REGION
from workers.sandbox.front.desk import Desk, Handler, Result
from workers.sandbox.front.refusal import CloudError


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


HANDLERS: dict[str, Handler] = {
    "ListQueues": list_queues,
    "GetQueueUrl": get_queue_url,
    "GetQueueAttributes": get_queue_attributes,
}
