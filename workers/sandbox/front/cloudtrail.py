"""AWS CloudTrail: the recorded calls, newest first."""

import json
from datetime import UTC, datetime

from workers.sandbox.estate.names import ACCOUNT, REGION, uuid
from workers.sandbox.estate.trail import Record
from workers.sandbox.front.desk import Desk, Handler, Result, trimmed
from workers.sandbox.front.refusal import CloudError

PAGE = 50


def lookup_events(desk: Desk) -> Result:
    """LookupEvents: by at most one attribute, over the last 90 days."""
    attributes, size = desk.get("LookupAttributes", []), desk.get("MaxResults", PAGE)
    if len(attributes) > 1:
        raise CloudError("InvalidLookupAttributesException", "Only one lookup attribute can be specified.")
    if not 0 < size <= PAGE:
        raise CloudError("InvalidMaxResultsException", "MaxResults must be between 1 and 50.")
    start, end = desk.get("StartTime", desk.now - 90 * 86400), desk.get("EndTime", desk.now)
    if start > end:
        text = "Start time must occur before end time."
        raise CloudError("InvalidTimeRangeException", text)
    end = min(end, desk.now - desk.lag.trail)
    records = [r for r in reversed(desk.world.trail.records) if start <= r.at <= end]
    records = [
        r for r in records if all(_fits(r, a["AttributeKey"], a["AttributeValue"]) for a in attributes)
    ]
    text = "The specified token is not valid."
    page, token = desk.page(records, size, desk.get("NextToken"), "InvalidNextTokenException", text)
    return trimmed({"Events": [_event(record) for record in page], "NextToken": token})


def _fits(record: Record, key: str, value: str) -> bool:
    return {
        "EventId": lambda: uuid(record.id) == value,
        "EventName": lambda: record.event == value,
        "ReadOnly": lambda: str(record.read_only).lower() == value,
        "Username": lambda: _user(record) == value,
        "ResourceType": lambda: any(kind == value for kind, _ in record.resources),
        "ResourceName": lambda: any(name == value for _, name in record.resources),
        "EventSource": lambda: record.source == value,
        "AccessKeyId": lambda: False,
    }[key]()


def _user(record: Record) -> str:
    return record.actor.name if not record.actor.service else record.actor.service


def _event(record: Record) -> Result:
    found = {
        "EventId": uuid(record.id),
        "EventName": record.event,
        "ReadOnly": str(record.read_only).lower(),
        "EventTime": float(int(record.at)),
        "EventSource": record.source,
        "Username": _user(record),
        "Resources": [{"ResourceType": kind, "ResourceName": name} for kind, name in record.resources],
        "CloudTrailEvent": json.dumps(_document(record)),
    }
    return trimmed(found)


def _document(record: Record) -> Result:
    found = {
        "eventVersion": "1.11",
        "userIdentity": record.actor.identity(),
        "eventTime": datetime.fromtimestamp(record.at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "eventSource": record.source,
        "eventName": record.event,
        "awsRegion": REGION,
        "sourceIPAddress": record.actor.service or record.actor.address,
        "userAgent": record.actor.service or record.actor.agent,
        "requestParameters": record.request,
        "responseElements": record.response if not record.read_only else None,
        "requestID": uuid(record.id, "request"),
        "eventID": uuid(record.id),
        "readOnly": record.read_only,
        "eventType": "AwsServiceEvent" if record.actor.service else "AwsApiCall",
        "managementEvent": True,
        "recipientAccountId": ACCOUNT,
        "eventCategory": "Management",
    }
    if record.error:
        found["errorCode"], found["errorMessage"] = record.error
    return found


HANDLERS: dict[str, Handler] = {"LookupEvents": lookup_events}
