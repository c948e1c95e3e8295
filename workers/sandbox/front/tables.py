"""What CloudWatch measures of the one table, which the first service reads and which is never at fault."""

from workers.sandbox.estate.names import TABLE
from workers.sandbox.estate.series import Measure, Series, Values, gauge
from workers.sandbox.model.spec import Application

Key = tuple[str, str, tuple[tuple[str, str], ...]]
READ_MS = 3.4
HALF = 0.5
"""Units that one read takes, where it may be a little old."""

_MEASURES: tuple[tuple[str, str, Measure, tuple[tuple[str, str], ...]], ...] = (
    ("ConsumedReadCapacityUnits", "Count", gauge(lambda f: f("requests") * HALF), ()),
    (
        "SuccessfulRequestLatency",
        "Milliseconds",
        gauge(lambda f: READ_MS + _ripple(f("requests"))),
        (("Operation", "GetItem"),),
    ),
)


def series(application: Application) -> dict[Key, Series]:
    """The table's metrics in a world of this application."""
    part = next(iter(application.services))
    made = (
        Series("AWS/DynamoDB", name, tuple(sorted((*more, ("TableName", TABLE)))), part, unit, measure)
        for name, unit, measure, more in _MEASURES
    )
    return {(one.namespace, one.name, one.dimensions): one for one in made}


def _ripple(requests: Values) -> Values:
    return (requests % 7) / 10
