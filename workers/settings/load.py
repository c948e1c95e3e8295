"""Reading the tree once, at an entry point, for one process: settings that can be used, or every problem."""

import os
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from workers.domain.errors import SettingsError
from workers.settings.holders import (
    AMBIENT,
    FALLBACKS,
    MODELS,
    OVERRIDES,
    THINKERS,
    Process,
    holders,
    holders_of_all,
    split,
)
from workers.settings.needs import CLOUD, unmet
from workers.settings.plain import Key, at, copy, drop, leaves, put, section
from workers.settings.refusals import refusal
from workers.settings.source import Document, Problem, dotted, read
from workers.settings.tree import Settings

DEFAULT_PATH = Path(".runbook/config.yaml")


def load(path: Path | None, environ: Mapping[str, str], process: Process) -> Settings:
    """The settings of `process`, from the file at `path` (or the usual place, if there is one) and `environ`.

    Raises `SettingsError` with every problem: file, line, key, what and mend. What `process` may not hold is
    left out of the answer, as if it had not been said.
    """
    document = _document(path, environ)
    if document.unread:
        raise _error(document.problems)
    context = {"cwd": os.getcwd(), "home": environ.get("HOME") or os.path.expanduser("~")}
    checked, refused = _checked(document, context)
    problems = [*document.problems, *refused]
    if checked is not None:
        said = {problem.place for problem in refused}
        unmade = [problem for problem in unmet(document, checked, process) if problem.place not in said]
        problems += [*_unset(document, checked, process), *unmade]
    if problems or checked is None:
        raise _error(problems)
    return Settings.model_validate(_share(process, document.tree, checked), context=context)


def variables(path: Path | None, environ: Mapping[str, str], process: Process) -> dict[str, str]:
    """What of `environ` the settings of `process` need, and nothing that only other processes may hold."""
    document = _document(path, environ)
    users: dict[str, set[Key]] = {}
    for use in document.uses:
        for name in use.names:
            users.setdefault(name, set()).add(use.key)
    for name, key in {**OVERRIDES, **FALLBACKS}.items():
        users.setdefault(name, set()).add(split(key))
    return {
        name: value
        for name, value in environ.items()
        if (process in holders_of_all(users[name]) if name in users else _offered(name, process, document))
    }


def _document(path: Path | None, environ: Mapping[str, str]) -> Document:
    if path is None and not DEFAULT_PATH.exists():
        document = Document(name=f"{DEFAULT_PATH} (absent)")
    else:
        document = read(path or DEFAULT_PATH, environ)
    openai = at(document.tree, ("llm", "provider")) == "openai"
    for name, key in OVERRIDES.items():
        # A key that is set for another provider must not reach this one.
        if not key.startswith("llm.") or name.startswith("OPENAI_") == openai:
            _override(document, name, split(key), environ)
    for name, key in FALLBACKS.items():
        if at(document.tree, split(key)) is None:
            _override(document, name, split(key), environ)
    document.missing = [use for use in document.missing if use.key not in document.given]
    _move_token(document)
    return document


def _override(document: Document, name: str, key: Key, environ: Mapping[str, str]) -> None:
    if (value := environ.get(name)) and put(document.tree, key, value):
        document.given[key] = name


def _move_token(document: Document) -> None:
    """`incident.slack.bot_token` is another place for `slack.bot_token`; two different ones are a mistake."""
    old, new = split("incident.slack.bot_token"), split("slack.bot_token")
    token, standing = at(document.tree, old), at(document.tree, new)
    if standing is None:
        document.missing = [use if use.key != old else replace(use, key=new) for use in document.missing]
    if not isinstance(token, str) or at(document.tree, split("incident.slack.enabled")) in (False, "false"):
        return
    if standing is None and put(document.tree, new, token):
        document.lines[new] = document.lines[old]
    elif standing != token:
        what = f"differs from {document.where(new)}"
        mend = "Runbook is one Slack app: keep slack.bot_token and remove this one."
        document.problems.append(Problem(document.where(old), what, mend))
    drop(document.tree, old)


def _checked(document: Document, context: dict[str, str]) -> tuple[Settings | None, list[Problem]]:
    """Settings to look further with (without the keys that were refused), and the refusals."""
    try:
        return Settings.model_validate(document.tree, context=context), []
    except ValidationError as error:
        refused = error.errors()
    unset = {use.key for use in document.missing}
    rest: dict[str, Any] = copy(document.tree)
    for one in refused:
        drop(rest, one["loc"][:-1] if one["type"] == "missing" else one["loc"])
    problems = [
        refusal(document, one) for one in refused if one["type"] != "missing" or one["loc"] not in unset
    ]
    try:
        return Settings.model_validate(rest, context=context), problems
    except ValidationError:
        return None, problems


def _unset(document: Document, settings: Settings, process: Process) -> Iterator[Problem]:
    """Variables that are not set and that matter: this process holds the key, and its section is enabled."""
    for use in document.missing:
        optional = use.key == ("llm", "api_key") and settings.llm.enabled is None
        if optional or process not in holders(use.key) or not _enabled(settings, use.key):
            continue
        verb = "are" if len(use.names) > 1 else "is"
        switch = _switch(settings, use.key)
        mend = f"Set it for this process{f', or write {switch}: false' if switch else ''}."
        yield Problem(use.place, f"needs {' and '.join(use.names)}, which {verb} not set", mend)


def _switches(settings: Settings, key: Key) -> Iterator[tuple[str, bool | None]]:
    """The `enabled` keys of the sections around `key`, the outermost first."""
    place: Any = settings
    for length, part in enumerate(key):
        if hasattr(place, "enabled"):
            yield dotted((*key[:length], "enabled")), place.enabled
        place = getattr(place, part, None) if isinstance(part, str) else None


def _enabled(settings: Settings, key: Key) -> bool:
    return key[-1] == "enabled" or all(on is not False for _, on in _switches(settings, key))


def _switch(settings: Settings, key: Key) -> str:
    return next((name for name, _ in reversed(list(_switches(settings, key)))), "")


def _share(process: Process, tree: dict[str, Any], checked: Settings) -> dict[str, Any]:
    """The tree without what `process` may not hold, and with the defaults that hang on other keys."""
    mine: dict[str, Any] = copy(tree)
    for key in list(leaves(mine)):
        if process not in holders(key):
            drop(mine, key)
    if not checked.knowledge.sources:
        put(mine, split("knowledge.sources"), [{"path": str(checked.data_dir / "runbooks")}])
    return mine


def _offered(name: str, process: Process, document: Document) -> bool:
    """Whether `process` may have a variable that no key names."""
    if name in AMBIENT:
        return process == "up" or (process in CLOUD and _borrows(process, document))
    if name.startswith("AWS_"):
        return process == "up" or process in CLOUD
    if name.startswith(MODELS):
        return process in THINKERS
    return name.startswith("RUNBOOK_")


def _borrows(process: Process, document: Document) -> bool:
    """Whether its identity starts from what the machine offers; the executor's only to assume a role."""
    mine = (
        section(at(document.tree, ("providers", "aws", "executor" if process == "executor" else "worker")))
        or {}
    )
    own = "profile" in mine or "access_key_id" in mine
    return not own and (process != "executor" or "role_arn" in mine)


def _error(problems: list[Problem]) -> SettingsError:
    count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
    lines = "\n".join(f"  {problem}" for problem in sorted(problems, key=lambda problem: problem.place.line))
    return SettingsError(
        f"the configuration has {count}:\n{lines}", "Nothing was started. Mend and start again."
    )
