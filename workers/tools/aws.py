"""Talking to AWS: sessions, cached clients, and botocore's errors in our words.

The one engine under every AWS tool. Each call is counted, because its owner pays for it and limits it.
"""

import threading
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import copy_context
from typing import Any, TypeVar, cast

import jmespath
from boto3.session import Session
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    HTTPClientError,
    NoCredentialsError,
    ParamValidationError,
    PartialCredentialsError,
)
from botocore.exceptions import ConnectionError as BotoConnectionError
from botocore.parsers import ResponseParserError

from workers.domain.errors import (
    AccessDenied,
    OutcomeUnknown,
    Refused,
    ToolFailed,
    Unreachable,
)
from workers.tools.metering import called, fetching
from workers.tools.refusals import ENDED, RENEW, translated
from workers.tools.rows import Kind, operations

Item = TypeVar("Item")
Found = TypeVar("Found")

# IAM's prefix where it is not the client's name.
IAM_PREFIX = {
    "apigatewayv2": "apigateway",
    "docdb": "rds",
    "efs": "elasticfilesystem",
    "elb": "elasticloadbalancing",
    "elbv2": "elasticloadbalancing",
    "emr": "elasticmapreduce",
    "neptune": "rds",
    "opensearch": "es",
    "resourcegroupstaggingapi": "tag",
    "stepfunctions": "states",
}
# IAM's permission where it is not named after the operation.
IAM_ACTION = {
    ("apigateway", "get_rest_apis"): "apigateway:GET",
    ("apigatewayv2", "get_apis"): "apigateway:GET",
    ("s3", "list_buckets"): "s3:ListAllMyBuckets",
}

METRICS = "get_metric_data"
"""The one read that AWS bills by what it fetches, metric by metric."""
READ = Config(
    retries={"mode": "adaptive", "max_attempts": 3},
    connect_timeout=3,
    read_timeout=20,
    max_pool_connections=32,
)
# A change is sent once: a retry after a lost answer could make it twice.
WRITE = Config(retries={"total_max_attempts": 1}, connect_timeout=3, read_timeout=20)


class Aws:
    """One account and region. Clients are made when first needed, and shared between threads.

    `pace` returns when one more request may be sent.
    """

    def __init__(
        self,
        session: Session,
        region: str,
        *,
        endpoint_url: str | None = None,
        config: Config = READ,
        pace: Callable[[], None] | None = None,
    ) -> None:
        self.region = region
        self._session = session
        self._endpoint_url = endpoint_url
        self._config = config
        self._pace = pace
        self._clients: dict[str, Any] = {}
        self._lock = threading.Lock()
        self._pool = ThreadPoolExecutor(8, thread_name_prefix="aws")

    def warm(self, *services: str) -> None:
        """Make clients ahead of their use: parsing AWS's models takes longer than most calls."""
        for service in services:
            self._client(service)

    def call(self, service: str, operation: str, /, **arguments: Any) -> dict[str, Any]:
        """One read, errors in our words. `operation` as boto3 spells it (`describe_services`).

        Raises `Refused`, with nothing sent, for what `aws_operations.yaml` does not list as a read.
        """
        _must_be("read", service, operation)
        return self._send(service, operation, arguments)

    def pages(
        self, service: str, operation: str, items: str, *, limit: int = 1000, **arguments: Any
    ) -> list[Any]:
        """The items of all pages of a read, at most `limit`; `items` is a JMESPath into each page."""
        _must_be("read", service, operation)
        client = self._client(service)
        if not client.can_paginate(operation):
            return list(jmespath.search(items, self.call(service, operation, **arguments)) or ())
        found: list[Any] = []
        with self._translating(service, operation):
            _metered(operation, arguments)
            for page in client.get_paginator(operation).paginate(**arguments):
                found += jmespath.search(items, page) or ()
                if len(found) >= limit:
                    break
        return found[:limit]

    def change(self, service: str, operation: str, /, **arguments: Any) -> dict[str, Any]:
        """One call that alters something: an answer that got lost is `OutcomeUnknown`, never tried again.

        Raises `Refused`, with nothing sent, for what `aws_operations.yaml` does not list as a change.
        """
        _must_be("change", service, operation)
        try:
            return self._send(service, operation, arguments)
        except (Unreachable, ToolFailed) as error:
            if _never_arrived(error.__cause__):
                raise
            raise OutcomeUnknown(f"{error}", "Read the resource to learn what happened.") from error

    def offers(self, service: str) -> bool:
        """Whether AWS has a service in this region; where botocore does not know the region, it may."""
        there = self._session.get_available_regions(service)
        return self.region in there or self.region not in self._session.get_available_regions("ecs")

    def who(self) -> str:
        """The user or role that AWS takes us for; of a role without the name of the session."""
        arn: str = self.call("sts", "get_caller_identity")["Arn"]
        return arn.rsplit("/", 1)[0] if ":assumed-role/" in arn else arn

    def each(self, ask: Callable[[Item], Found], about: Iterable[Item]) -> list[Found]:
        """`ask` about each item at the same time; answers in order. The first error is raised."""
        futures = [self._pool.submit(copy_context().run, ask, item) for item in about]
        return [future.result() for future in futures]

    def _send(self, service: str, operation: str, arguments: dict[str, Any]) -> dict[str, Any]:
        _metered(operation, arguments)
        with self._translating(service, operation):
            return getattr(self._client(service), operation)(**arguments)

    def _client(self, service: str) -> Any:
        with self._lock:
            if service not in self._clients:
                session = cast(Any, self._session)  # the stubs know services only as literals
                self._clients[service] = session.client(
                    service,
                    region_name=self.region,
                    endpoint_url=self._endpoint_url,
                    config=self._config,
                )
                self._clients[service].meta.events.register("before-send", self._sending)
            return self._clients[service]

    def _sending(self, **_: Any) -> None:
        """Each request is counted, pages and second tries too, and waits until its account may be asked."""
        called()
        if self._pace is not None:
            self._pace()

    @contextmanager
    def _translating(self, service: str, operation: str) -> Generator[None]:
        try:
            yield
        except ClientError as error:
            raise translated(error, service, self._permission(service, operation), self.region) from error
        except (NoCredentialsError, PartialCredentialsError) as error:
            raise AccessDenied(
                self._permission(service, operation), on="AWS (no credentials found)"
            ) from error
        except ENDED as error:
            raise AccessDenied(
                self._permission(service, operation), on=f"AWS ({error})", mend=RENEW
            ) from error
        except (BotoConnectionError, HTTPClientError) as error:
            raise Unreachable(f"AWS {service}", str(error), "Check the network and the endpoint.") from error
        except BotoCoreError as error:
            raise ToolFailed(f"AWS {service} {operation}: {error}") from error
        except (ResponseParserError, ValueError) as error:
            # A proxy's page in the place of an answer.
            raise ToolFailed(f"AWS {service} {operation} answered what cannot be read: {error}") from error

    def _permission(self, service: str, operation: str) -> str:
        return permission(service, operation, self._client(service).meta.method_to_api_mapping[operation])


def permission(service: str, operation: str, name: str) -> str:
    """IAM's name for an operation as boto3 spells it; `name` is how AWS itself does."""
    return IAM_ACTION.get((service, operation), f"{IAM_PREFIX.get(service, service)}:{name}")


def _must_be(kind: Kind, service: str, operation: str) -> None:
    found = operations().get((service, operation))
    if found != kind:
        why = f"listed as {found}" if found else "not listed"
        raise Refused(
            f"AWS {service} {operation} is not sent as a {kind}: it is {why} in aws_operations.yaml",
            "Use an operation that is a read; a change is a row of aws_changes.yaml that people approve.",
        )


def _metered(operation: str, arguments: dict[str, Any]) -> None:
    if operation == METRICS:
        fetching(len(arguments["MetricDataQueries"]))


def _never_arrived(error: BaseException | None) -> bool:
    """Whether the change surely had no effect: it was not sent, or AWS refused it as a bad request."""
    if isinstance(error, ClientError):
        status: int = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 500)
        return status < 500
    return isinstance(error, EndpointConnectionError | ConnectTimeoutError | ParamValidationError)
