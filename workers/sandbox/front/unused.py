"""Services that this account does not use: their lists are empty, as AWS answers for such an account."""

from collections.abc import Mapping

from workers.sandbox.front.desk import Desk, Handler, Result


def _nothing(**empty: list[object]) -> Handler:
    def answer(desk: Desk) -> Result:
        return dict(empty)

    return answer


def _none_monitored(desk: Desk) -> Result:
    """The window that was asked about, and nothing in it."""
    return {key: desk.params[key] for key in ("StartTime", "EndTime")} | {"ServiceSummaries": []}


HANDLERS: Mapping[str, Mapping[str, Handler]] = {
    "amplify": {"ListApps": _nothing(apps=[])},
    "application-signals": {
        "ListServices": _none_monitored,
        "ListServiceLevelObjectives": _nothing(SloSummaries=[]),
    },
    "apprunner": {"ListServices": _nothing(ServiceSummaryList=[])},
    "cloudformation": {"ListStacks": _nothing(StackSummaries=[])},
    "codedeploy": {"ListDeployments": _nothing(deployments=[])},
    "codepipeline": {"ListPipelines": _nothing(pipelines=[])},
    "xray": {
        "GetServiceGraph": _nothing(Services=[]),
        "GetTraceSummaries": _nothing(TraceSummaries=[]),
        "BatchGetTraces": _nothing(Traces=[]),
    },
}
