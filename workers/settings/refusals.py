"""What the validator refused, in words: a place, a kind and a mend, never the value."""

from pydantic_core import ErrorDetails

from workers.settings.keys import known, nearest
from workers.settings.plain import Key
from workers.settings.source import Document, Problem

_NUMBER = ("expected a whole number", "Write digits only, like 10.")
_TEXT = ("expected text", "Put it in quotes.")
_SECTION = ("expected a section with keys of its own", "Put its keys on lines below, two spaces further in.")
_LIST = ("expected a list", "Write one item a line, each after a dash.")
_SWITCH = ("expected true or false", "Write true or false, without quotes.")

_KINDS: dict[str, tuple[str, str]] = {
    "bool_parsing": _SWITCH,
    "bool_type": _SWITCH,
    "int_parsing": _NUMBER,
    "int_type": _NUMBER,
    "int_from_float": _NUMBER,
    "string_type": _TEXT,
    "path_type": _TEXT,
    "is_instance_of": _TEXT,
    "tuple_type": _LIST,
    "list_type": _LIST,
    "model_type": _SECTION,
    "model_attributes_type": _SECTION,
    "dict_type": _SECTION,
}

_BOUNDS = {"ge": "at least", "le": "at most", "gt": "more than", "lt": "less than"}


def refusal(document: Document, error: ErrorDetails) -> Problem:
    """One of pydantic's errors as a person can use it."""
    key: Key = error["loc"]
    where, kind, context = document.where(key), error["type"], error.get("ctx", {})
    if kind == "wrong":
        return Problem(where, str(context["what"]), str(context["mend"]))
    if kind == "extra_forbidden":
        near = nearest(key)
        mend = f"Did you mean {near}?" if near else f"The keys here are: {', '.join(known(key))}."
        return Problem(where, "is not a key that Runbook knows", mend)
    if kind == "missing":
        return Problem(where, "is missing", "It has no default, so say what is meant.")
    if kind == "literal_error":
        return Problem(where, "is not a value that is known here", f"Write {context['expected']}.")
    if bounds := [f"{_BOUNDS[name]} {context[name]}" for name in _BOUNDS if name in context]:
        return Problem(where, "is out of range", f"It is {' and '.join(bounds)}.")
    what, mend = _KINDS.get(kind, ("cannot be used", "See docs/configuration.md."))
    return Problem(where, what, mend)
