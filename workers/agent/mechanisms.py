"""How a kind of change breaks things: rows of `mechanisms.yaml`, held against a diff and against symptoms."""

import re
from collections.abc import Iterable, Iterator
from functools import cache
from importlib.resources import files
from typing import Annotated, Literal

import yaml
from pydantic import BeforeValidator

from workers.agent import diffs
from workers.agent.diffs import Diff, Setting, Way
from workers.agent.symptoms import Sign, Symptoms
from workers.domain.value import Value

KNOWN = 0.3
"""The part of its risk that is left of a setting whose kind brings about other symptoms than these."""
CODE = 0.4
"""How risky code is that is of any kind which can break something."""
BUMPED = {"major": 0.6, "minor": 0.25, "patch": 0.05}
"""How risky a newer version is, by how far it moved."""
BLOCK = 4_000
"""Characters of new lines that are looked at as one piece."""


def _joined(pattern: str) -> str:
    """A pattern that was written over several lines."""
    return re.sub(r"\|\s+", "|", pattern)


Pattern = Annotated[str, BeforeValidator(_joined)]


class Row(Value):
    """One kind of change. `causes` says how readily it brings each symptom about, from 0 to 1."""

    id: str
    says: str
    causes: dict[str, float]
    key: str = ""
    never: str = ""
    ways: tuple[Way, ...] = ()
    measures: tuple[str, ...] = ()
    value: str = ""
    gone: str = ""
    came: str = ""
    fewer: bool = False
    block: str = ""
    bump: tuple[Literal["major", "minor", "patch"], ...] = ()
    slow: bool = False


class Mechanisms(Value):
    symptoms: dict[str, Pattern]
    rows: tuple[Row, ...]
    harmless: str
    configuration: str
    common: str


class Fit(Value):
    """That a part of a diff is of a row's kind, and what of the symptoms that explains."""

    row: Row
    changed: str
    symptom: str
    force: float


@cache
def mechanisms() -> Mechanisms:
    text = (files("workers.agent") / "mechanisms.yaml").read_text(encoding="utf-8")
    return Mechanisms.model_validate(yaml.safe_load(text))


@cache
def common() -> frozenset[str]:
    """Words that tell nothing, of code and of complaints."""
    return frozenset(diffs.singular(word) for word in mechanisms().common.split())


def harmless(names: Iterable[str]) -> bool:
    """Whether all files are such as no running service reads; nothing is known of no files."""
    found = tuple(names)
    return bool(found) and all(re.search(mechanisms().harmless, name) for name in found)


def configuration(names: Iterable[str]) -> bool:
    """Whether all files hold plain values."""
    found = tuple(names)
    return bool(found) and all(re.search(mechanisms().configuration, name) for name in found)


def complaints(symptoms: Symptoms) -> dict[str, Sign]:
    """The kinds of symptom there are, each with the sign that says it most."""
    found: dict[str, Sign] = {}
    for kind, pattern in mechanisms().symptoms.items():
        saying = [s for s in symptoms.signs if re.search(pattern, s.text.lower().replace("_", " "))]
        if saying:
            found[kind] = max(saying, key=symptoms.share)
    return found


def fits(diff: Diff, present: Iterable[str]) -> Iterator[Fit]:
    """Each row that a part of the diff is of, with the present symptom that it brings about most readily."""
    there = () if diff.taken_out else tuple(present)
    for row in mechanisms().rows:
        causes = {kind: force for kind, force in row.causes.items() if kind in there}
        changed, moved = _part(row, diff) if causes else ("", 0.0)
        if changed:
            best = max(causes, key=lambda kind: causes[kind])
            yield Fit(row=row, changed=changed, symptom=best, force=causes[best] * moved)


def risk(diff: Diff) -> float:
    """How much a diff alters that can break something, from 0 to 1, whatever it may break.

    A value counts by how far it moved, and less where its kind is known and brings about other symptoms; code
    that only takes another shape counts little.
    """
    known = [(one, any(_named(row, one) for row in mechanisms().rows)) for one in diff.settings]
    values = [one.risk * (KNOWN if name else 1.0) for one, name in known]
    texts = 0.6 if diff.gone and diff.new else 0.3 if diff.gone or diff.new else 0.0
    bumps = [BUMPED[bumped(one)] for one in diff.bumps]
    if diff.taken_out:
        return 0.1
    kinds = CODE if any(_part(row, diff)[0] for row in mechanisms().rows if not row.key) else 0.0
    return max([*values, *bumps, texts, kinds, 0.1])


def _part(row: Row, diff: Diff) -> tuple[str, float]:
    """What in a diff is of this kind, as written, and how far it moved; empty where nothing is."""
    if row.key:
        found = [one for one in diff.settings if _is(row, one)]
        far = max(found, key=lambda one: one.moved, default=None)
        return (str(far), far.moved) if far is not None else ("", 0.0)
    return _lines(row, diff), 1.0


def _lines(row: Row, diff: Diff) -> str:
    if row.bump:
        return next((str(one) for one in diff.bumps if bumped(one) in row.bump), "")
    if row.block:
        found = re.search(row.block, "\n".join(diff.added)[:BLOCK])
        return found[0].strip().splitlines()[-1].strip() if found else ""
    if row.fewer:
        gone, left = _matching(row.gone, diff.removed, diff), _matching(row.gone, diff.added)
        return gone[0] if len(gone) > len(left) else ""
    came = _matching(row.came, diff.added, diff)
    before = _matching(row.gone or row.came, diff.removed)
    enough = before if row.gone else len(came) > len(before)
    return came[0] if came and enough else ""


def _matching(pattern: str, lines: Iterable[str], diff: Diff | None = None) -> list[str]:
    """The lines that fit; with a diff only those that fit by a word which it really changes."""
    found = ((line.strip(), [at[0] for at in re.finditer(pattern, line)]) for line in lines)
    return [line for line, at in found if at and (diff is None or diffs.words(at) & diff.shifted)]


def _is(row: Row, setting: Setting) -> bool:
    measured = not row.measures or setting.kind in row.measures
    valued = not row.value or bool(re.search(row.value, setting.after))
    return _named(row, setting) and setting.way in row.ways and measured and valued


def _named(row: Row, setting: Setting) -> bool:
    """Whether a setting is of a row's kind by its name."""
    if not row.key:
        return False
    name = " ".join(word.lower() for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", setting.key))
    plain = " ".join(diffs.singular(word) for word in name.split())
    barred = bool(row.never) and bool(re.search(row.never, name))
    return not barred and any(re.search(row.key, text) for text in (name, plain))


def bumped(one: Setting) -> str:
    """How far a version moved."""
    before, after = ([int(n) for n in re.findall(r"\d+", text)[:3]] for text in (one.before, one.after))
    if len(before) < 2 or len(after) < 2:
        return "major"
    return "major" if before[0] != after[0] else "minor" if before[1] != after[1] else "patch"
