"""What a function writes in its log: the lines of a service, framed by Lambda."""

from collections.abc import Iterator

import numpy as np

from workers.sandbox.estate.names import digest
from workers.sandbox.estate.servicelog import Line, ServiceRow
from workers.sandbox.model.spec import Route


class FunctionRow(ServiceRow):
    """The same for a function: Lambda frames each invocation, and names streams by day and instance."""

    def _request(self, at: float, revision: int, route: Route, status: int, seconds: float) -> Iterator[Line]:
        identity = digest(self.service, at)
        request = f"{identity[:8]}-{identity[8:12]}-4{identity[13:16]}-9{identity[17:20]}-{identity[20:32]}"
        first, *others = super()._request(at, revision, route, status, seconds)
        took = seconds * 1000
        end = first.at + int(took)
        report = (
            f"REPORT RequestId: {request}\tDuration: {took:.2f} ms\tBilled Duration: {int(took) + 1} ms\t"
            f"Memory Size: {self.spec.memory} MB\tMax Memory Used: {int(self.spec.resident_mb)} MB\t"
        )
        yield Line(first.at, first.stream, f"START RequestId: {request} Version: $LATEST")
        yield first
        yield from others
        yield Line(end, first.stream, f"END RequestId: {request}")
        yield Line(end, first.stream, report)

    def _lifecycle(self) -> Iterator[Line]:
        return iter(())

    def stream(self, task: str) -> str:
        """The log stream of an instance on the day of the row."""
        return function_stream(task, self.at)


def function_stream(instance: str, at: float) -> str:
    """The log stream of a function's instance on a day."""
    day = np.datetime64(int(at), "s").astype("datetime64[D]").astype(str).replace("-", "/")
    return f"{day}/[$LATEST]{instance}"
