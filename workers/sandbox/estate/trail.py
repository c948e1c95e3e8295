"""The trail of changes: who called what, as CloudTrail keeps it."""

from bisect import insort
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from workers.sandbox.estate.names import ACCOUNT, digest


@dataclass(frozen=True)
class Actor:
    """Somebody who calls AWS: an IAM user, or a role that a person, a pipeline or a service has taken on."""

    name: str
    role: str | None = None
    service: str | None = None
    agent: str = "aws-cli/2.17.44 Python/3.12.5 Linux/6.1"
    address: str = "198.51.100.24"

    @property
    def arn(self) -> str:
        """The ARN that made the call."""
        if self.role:
            return f"arn:aws:sts::{ACCOUNT}:assumed-role/{self.role}/{self.name}"
        return f"arn:aws:iam::{ACCOUNT}:user/{self.name}"

    def identity(self) -> dict[str, Any]:
        """The userIdentity of a CloudTrail record."""
        if self.service:
            return {"type": "AWSService", "invokedBy": self.service}
        if not self.role:
            key = "AIDA" + digest("user", self.name)[:17].upper()
            return {
                "type": "IAMUser",
                "principalId": key,
                "arn": self.arn,
                "accountId": ACCOUNT,
                "userName": self.name,
            }
        key = "AROA" + digest("role", self.role)[:17].upper()
        issuer = {
            "type": "Role",
            "principalId": key,
            "arn": f"arn:aws:iam::{ACCOUNT}:role/{self.role}",
            "accountId": ACCOUNT,
            "userName": self.role,
        }
        return {
            "type": "AssumedRole",
            "principalId": f"{key}:{self.name}",
            "arn": self.arn,
            "accountId": ACCOUNT,
            "sessionContext": {"sessionIssuer": issuer, "attributes": {"mfaAuthenticated": "false"}},
        }


@dataclass(frozen=True, order=True)
class Record:
    """One recorded call. `resources` are (type, name) pairs, which LookupEvents can be asked by."""

    at: float
    id: str
    event: str = field(compare=False)
    source: str = field(compare=False)
    actor: Actor = field(compare=False)
    request: Mapping[str, Any] | None = field(compare=False, default=None)
    response: Mapping[str, Any] | None = field(compare=False, default=None)
    resources: tuple[tuple[str, str], ...] = field(compare=False, default=())
    read_only: bool = field(compare=False, default=False)
    error: tuple[str, str] | None = field(compare=False, default=None)


class Trail:
    """The records, oldest first; the oldest reads make room when there are many."""

    LIMIT = 4000

    def __init__(self) -> None:
        """Start empty."""
        self.records: list[Record] = []

    def add(self, record: Record) -> None:
        """Keep a record, in order of time."""
        insort(self.records, record)
        if len(self.records) > self.LIMIT:
            oldest_read = next((i for i, r in enumerate(self.records) if r.read_only), 0)
            del self.records[oldest_read]
