"""AWS Lambda: functions with their versions, aliases and concurrency, and the queues that they read from."""

from workers.sandbox.estate.names import ACCOUNT, REGION
from workers.sandbox.front import function_views as views
from workers.sandbox.front.desk import Desk, Handler, Result, trimmed
from workers.sandbox.front.refusal import CloudError
from workers.sandbox.model.spec import Service

ACCOUNT_LIMIT, LEFT_UNRESERVED = 1000, 100
"""Concurrent executions of an account in a region, and how many of them nobody may reserve."""


def list_functions(desk: Desk) -> Result:
    """ListFunctions: their newest code, published or not."""
    return _paged(desk, "Functions", [views.configuration(desk, name) for name in _functions(desk)])


def get_function(desk: Desk) -> Result:
    """GetFunction."""
    name, found = _wanted(desk)
    location = f"https://prod-04-2014-tasks.s3.{REGION}.amazonaws.com/snapshots/{ACCOUNT}/{name}"
    return {
        "Configuration": found,
        "Code": {"RepositoryType": "S3", "Location": location},
        "Tags": {"application": desk.world.application.name},
        "Concurrency": get_function_concurrency(desk),
    }


def get_function_configuration(desk: Desk) -> Result:
    """GetFunctionConfiguration of a version, of what an alias names, or of the newest code."""
    return _wanted(desk)[1]


def list_versions_by_function(desk: Desk) -> Result:
    """ListVersionsByFunction, the newest code first and then the versions from the oldest on."""
    name = _function(desk)
    numbers = sorted(desk.world.revisions.table[name]) if _spec(desk, name).alias else []
    found = [views.configuration(desk, name), *(views.configuration(desk, name, n) for n in numbers)]
    return _paged(desk, "Versions", found)


def list_aliases(desk: Desk) -> Result:
    """ListAliases."""
    name, version = _function(desk), desk.get("FunctionVersion")
    found = [views.alias(desk, name)] if _spec(desk, name).alias else []
    return _paged(desk, "Aliases", [one for one in found if version in (None, one["FunctionVersion"])])


def get_alias(desk: Desk) -> Result:
    """GetAlias."""
    name = _function(desk)
    _known_alias(desk, name, desk.params["Name"])
    return views.alias(desk, name)


def update_alias(desk: Desk) -> Result:
    """UpdateAlias: the next request goes to another version."""
    name = _function(desk)
    _known_alias(desk, name, desk.params["Name"])
    if desk.get("RevisionId") not in (None, views.alias(desk, name)["RevisionId"]):
        text = (
            "The Revision Id provided does not match the latest Revision Id. Call the GetAlias API to "
            "retrieve the latest Revision Id"
        )
        raise CloudError("PreconditionFailedException", text, 412)
    version = desk.get("FunctionVersion")
    if version is not None:
        if not version.isdigit() or int(version) not in desk.world.revisions.table[name]:
            raise _missing(desk, f"{name}:{version}")
        desk.world.deploy(name, desk.now, int(version), None)
    return views.alias(desk, name)


def update_function_configuration(desk: Desk) -> Result:
    """UpdateFunctionConfiguration: another environment for the newest code, which is no version yet."""
    name = _function(desk)
    variables = desk.get("Environment", {}).get("Variables")
    if variables is not None:
        desk.world.revisions.drafts[name] = variables
    return views.configuration(desk, name)


def publish_version(desk: Desk) -> Result:
    """PublishVersion of the newest code and environment; the last one where nothing has changed since."""
    name = _function(desk)
    views.publish(desk, name)
    return views.configuration(desk, name, desk.world.revisions.newest(name).number)


def get_function_concurrency(desk: Desk) -> Result:
    """GetFunctionConcurrency."""
    name = _function(desk)
    reserved = desk.world.fleet.services[name].reserved
    return {"ReservedConcurrentExecutions": _reserved(desk, name)} if reserved else {}


def put_function_concurrency(desk: Desk) -> Result:
    """PutFunctionConcurrency: what is reserved for a function no other can take, and it gets no more."""
    name, reserved = _function(desk), desk.params["ReservedConcurrentExecutions"]
    others = sum(_reserved(desk, other) for other in _functions(desk) if other != name)
    if others + reserved > ACCOUNT_LIMIT - LEFT_UNRESERVED:
        text = (
            "Specified ReservedConcurrentExecutions for function decreases account's "
            f"UnreservedConcurrentExecution below its minimum value of [{LEFT_UNRESERVED}]."
        )
        raise CloudError("InvalidParameterValueException", text, 400)
    desk.world.fleet.services[name].reserved = True
    _resize(desk, name, reserved)
    return {"ReservedConcurrentExecutions": reserved}


def delete_function_concurrency(desk: Desk) -> Result:
    """DeleteFunctionConcurrency: a function shares what nobody has reserved."""
    name = _function(desk)
    others = sum(_reserved(desk, other) for other in _functions(desk) if other != name)
    desk.world.fleet.services[name].reserved = False
    # More environments than these it would never use; each costs the simulation its time.
    _resize(desk, name, min(ACCOUNT_LIMIT - others, 4 * _spec(desk, name).tasks))
    return {}


def list_event_source_mappings(desk: Desk) -> Result:
    """ListEventSourceMappings."""
    function, source = desk.get("FunctionName"), desk.get("EventSourceArn")
    readers = [name for name in _functions(desk) if _spec(desk, name).consumes]
    found = [
        views.mapping(desk, name)
        for name in readers
        if function in (None, name, views.arn_of(desk, name), f"{name}:{_spec(desk, name).alias}")
    ]
    found = [mapping for mapping in found if source in (None, mapping["EventSourceArn"])]
    return _paged(desk, "EventSourceMappings", found)


def update_event_source_mapping(desk: Desk) -> Result:
    """UpdateEventSourceMapping: switch a mapping on or off."""
    for name in _functions(desk):
        if _spec(desk, name).consumes and views.mapping(desk, name)["UUID"] == desk.params["UUID"]:
            enabled = desk.get("Enabled", True)
            desk.world.conditions.turn(desk.now, name, "stuck", 0.0 if enabled else 1.0)
            return views.mapping(desk, name) | {"State": "Enabling" if enabled else "Disabling"}
    text = "The resource you requested does not exist."
    raise CloudError("ResourceNotFoundException", text, 404)


# ---- looking things up ----


def _functions(desk: Desk) -> list[str]:
    return sorted(desk.world.application.on("lambda"))


def _spec(desk: Desk, name: str) -> Service:
    return desk.world.application.services[name]


def _named(desk: Desk) -> tuple[str, str]:
    """The function that is asked about, and a qualifier behind its name if there is one."""
    given = desk.params["FunctionName"]
    tail = given.partition(":function:")[2] or given
    name, _, qualifier = tail.partition(":")
    return name, desk.get("Qualifier", qualifier)


def _function(desk: Desk) -> str:
    name, _ = _named(desk)
    if name not in _functions(desk):
        raise _missing(desk, name)
    return name


def _wanted(desk: Desk) -> tuple[str, Result]:
    """The function and version that are asked about."""
    name, (_, qualifier) = _function(desk), _named(desk)
    version: int | None = None
    if qualifier and qualifier != "$LATEST":
        state = desk.world.fleet.services[name]
        versions = {str(n): n for n in desk.world.revisions.table[name]}
        named = {**versions, _spec(desk, name).alias: state.primary.revision}
        if not _spec(desk, name).alias or qualifier not in named:
            raise _missing(desk, f"{name}:{qualifier}")
        version = named[qualifier]
    return name, views.configuration(desk, name, version) | views.READY


def _known_alias(desk: Desk, name: str, alias: str) -> None:
    if not alias or alias != _spec(desk, name).alias:
        text = f"Cannot find alias arn: {desk.arn('lambda', f'function:{name}:{alias}')}"
        raise CloudError("ResourceNotFoundException", text, 404)


def _missing(desk: Desk, name: str) -> CloudError:
    text = f"Function not found: {desk.arn('lambda', f'function:{name}')}"
    return CloudError("ResourceNotFoundException", text, 404)


def _reserved(desk: Desk, name: str) -> int:
    state = desk.world.fleet.services[name]
    return state.desired if state.reserved else 0


def _resize(desk: Desk, name: str, executions: int) -> None:
    desk.world.conditions.turn(desk.now, name, "limited", 0.0)
    desk.world.deploy(name, desk.now, None, executions)


def _paged(desk: Desk, key: str, items: list[Result]) -> Result:
    code = "InvalidParameterValueException"
    page, token = desk.page(items, desk.get("MaxItems", 50), desk.get("Marker"), code)
    return trimmed({key: list(page), "NextMarker": token})


HANDLERS: dict[str, Handler] = {
    "ListFunctions": list_functions,
    "GetFunction": get_function,
    "GetFunctionConfiguration": get_function_configuration,
    "ListVersionsByFunction": list_versions_by_function,
    "ListAliases": list_aliases,
    "GetAlias": get_alias,
    "UpdateAlias": update_alias,
    "UpdateFunctionConfiguration": update_function_configuration,
    "PublishVersion": publish_version,
    "GetFunctionConcurrency": get_function_concurrency,
    "PutFunctionConcurrency": put_function_concurrency,
    "DeleteFunctionConcurrency": delete_function_concurrency,
    "ListEventSourceMappings": list_event_source_mappings,
    "UpdateEventSourceMapping": update_event_source_mapping,
}
