"""Whether a change could have caused what is seen: its time, its place, and what it alters.

The latest change is no better than any other. A change is blamed when it took effect before the symptom,
where the symptom is, and when a part of it explains what telemetry complains of: a name that is gone and now
missed, a kind of change that brings such a symptom about, or the words of both. If none explains enough, none
is blamed.
"""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property, lru_cache

from workers.agent import diffs
from workers.agent.mechanisms import common, complaints, configuration, fits, harmless, risk
from workers.agent.reach import Reach, bare, reaches
from workers.agent.sight import TOLERANCE, Sight
from workers.agent.symptoms import Sign, Symptoms
from workers.domain.conclusion import Accused, Match
from workers.domain.telemetry import Change

ALONE = 0.55
"""What a kind of change that explains the symptom is worth where no word of it is in the complaints."""
GUESS = 0.6
"""What a change is worth that is as risky as can be, shares its words with the complaints, and no more."""
BLAMELESS = 0.54 * ALONE
"""What a change has to score to be blamed: a kind that brings the symptom about more often than not does."""
TRACED = 0.7
"""What it is worth that a complaint names a line of a file that was changed."""
SHARP = 3
"""How clearly a better score is believed rather than a worse one."""
SPREAD = 0.3
"""The part of the complaints that one cause is expected to account for; less counts as much less."""
SOON = timedelta(minutes=30)
"""The delay after which it becomes less likely that a change shows only now."""
KINDS = ("commit", "flag", "configuration")


@dataclass(frozen=True)
class Score:
    """`fit` is how much of the symptom the change explains, from 0 to 1; time and place take away from it."""

    change: Change
    service: str
    fit: float
    time: float
    place: float
    matches: tuple[Match, ...]

    @property
    def value(self) -> float:
        return self.fit * self.time * self.place


class Blame:
    """All changes on record, held against one incident."""

    def __init__(self, sight: Sight) -> None:
        self.sight = sight
        self.symptoms = Symptoms(sight)

    @cached_property
    def scores(self) -> tuple[Score, ...]:
        """Every change that could have caused it at all, the likeliest first."""
        found = [score for change in self._changes if (score := self._score(change)) is not None]
        return tuple(sorted(found, key=lambda s: (-s.value, s.change.at, s.change.id)))

    @property
    def bar(self) -> float:
        """What has to be explained better than this to be blamed: more, where something else explains it."""
        surge = 1.0 if self.symptoms.surge is not None else 0.0
        return BLAMELESS * (1 + 0.5 * min(1.0, self.symptoms.outside) + 0.5 * surge)

    @cached_property
    def _changes(self) -> tuple[Change, ...]:
        return tuple(c for c in self.sight.changes if c.kind in KINDS and (c.diff or c.files))

    def _score(self, change: Change) -> Score | None:
        if harmless(change.files):
            return None
        diff = diffs.read(change.diff, written=configuration(change.files))
        fit, matches, slow = self._fit(change, diff)
        options = [
            Score(change, reach.service, fit, self._time(reach, slow=slow), self._place(reach), matches)
            for reach in reaches(change, self.sight)
        ]
        best = max(options, key=lambda score: score.value, default=None)
        return best if best is not None and best.value > 0 else None

    # -- when and where

    def _time(self, reach: Reach, *, slow: bool) -> float:
        """Nothing after the onset; less after what moved first; less again the longer it took."""
        if reach.at > self.symptoms.onset + max(self.sight.slack, TOLERANCE):
            return 0.0
        if reach.at > self.symptoms.first + TOLERANCE:
            return 0.4
        late = self.symptoms.onset - reach.at - SOON
        if slow or late <= timedelta(0):
            return 1.0
        return max(0.5, 1 - late / timedelta(hours=5))

    def _place(self, reach: Reach) -> float:
        """How likely what happened there is felt where it is, and how much of what is felt that explains."""
        sight, hurt = self.sight, self.symptoms.places
        beyond = sight.above(reach.service) | set(sight.topology.downstream(reach.service))
        explained = hurt & (beyond | {reach.service} | self.symptoms.naming(reach.service))
        on_path = bool(
            {*sight.topology.downstream(sight.symptom), *sight.above(sight.symptom)} & {reach.service}
        )
        if reach.service in hurt:
            near = 1.0 if on_path or sight.symptom in explained else 0.7
        else:
            near = 0.4 if on_path else 0.1
        return reach.weight * near * (0.5 + 0.5 * len(explained) / max(1, len(hurt)))

    # -- what

    def _fit(self, change: Change, diff: diffs.Diff) -> tuple[float, tuple[Match, ...], bool]:
        missed = max(self._missed(diff), self._traced(change), key=lambda one: one[0])
        kinds = sorted(fits(diff, self._complaints), key=lambda fit: -fit.force)
        alike = self._alike(change, diff)
        core = max(missed[0], kinds[0].force if kinds else 0.0)
        core = core + (1 - core) * 0.5 * min(missed[0], kinds[0].force if kinds else 0.0)
        rest = GUESS * (0.2 + 0.8 * risk(diff)) * (0.4 + 0.6 * alike[0])
        value = core * (ALONE + (1 - ALONE) * alike[0]) + (1 - core) * rest
        matches = [*missed[1]]
        for kind in kinds[:2]:
            seen = self._complaints[kind.symptom]
            matches.append(
                Match(
                    changed=kind.changed[:200],
                    seen=seen.said[:300],
                    because=kind.row.says,
                    source=seen.source,
                )
            )
        slow = bool(kinds) and kinds[0].row.slow
        return value, (*matches, *alike[1]), slow

    @cached_property
    def _complaints(self) -> dict[str, Sign]:
        return complaints(self.symptoms)

    def _missed(self, diff: diffs.Diff) -> tuple[float, list[Match]]:
        """Names in quotes that went away, or came, and that the complaints name."""
        best, matches = 0.0, list[Match]()
        for sort, force in ((diff.gone, 1.0), (diff.new, 0.8)):
            for literal in sorted(sort):
                name = re.split(r"%[a-z]|\{", literal)[0].strip(" :=,.")
                if not diffs.words([name]) - common() - self.symptoms.ordinary:
                    continue
                saying = {sign: clear for sign in self.symptoms.lines if (clear := _names(name, sign))}
                clear = max(saying.values(), default=0.0)
                part = min(1.0, self._most(saying) / SPREAD) * (
                    clear if clear == 1.0 or force == 1.0 else 0.0
                )
                if part > 0:
                    because = "it names what went away" if force == 1.0 else "it says what is new there"
                    sign = next(iter(saying))
                    matches.append(
                        Match(changed=name, seen=sign.said[:300], because=because, source=sign.source)
                    )
                best = max(best, force * part)
        return best, matches[:3]

    def _traced(self, change: Change) -> tuple[float, list[Match]]:
        """Whether the complaints point into a file that was changed."""
        for name in change.files:
            saying = [sign for sign in self.symptoms.lines if _points(name, sign)]
            if saying:
                because = "it points into this file"
                told = Match(
                    changed=name, seen=saying[0].said[:300], because=because, source=saying[0].source
                )
                return TRACED, [told]
        return 0.0, []

    def _most(self, saying: Iterable[Sign]) -> float:
        """The part of the complaints that these are, in the record where it is largest."""
        parts: dict[str, float] = {}
        for sign in saying:
            parts[sign.record] = parts.get(sign.record, 0.0) + self.symptoms.share(sign)
        return max(parts.values(), default=0.0)

    def _alike(self, change: Change, diff: diffs.Diff) -> tuple[float, list[Match]]:
        """The words that a change and the complaints share, each by how rare it is among the changes."""
        doubt, found = 1.0, list[tuple[float, str, Sign]]()
        modules = diffs.words(one.key.rpartition("/")[2] for one in diff.bumps)
        spoken = diffs.words([change.summary, *change.files]) | modules
        for word in sorted((diff.words | spoken) - self._dull):
            saying = [sign for sign in self.symptoms.signs if word in sign.words]
            if saying:
                sign = max(saying, key=self._loud)
                weight = (0.5 if word in diff.words else 0.2) * self._rare(word) * self._loud(sign)
                doubt *= 1 - weight
                found.append((weight, word, sign))
        found.sort(key=lambda one: -one[0])
        told = [
            Match(changed=word, seen=sign.said[:300], because="both name it", source=sign.source)
            for _, word, sign in found[:2]
        ]
        return 1 - doubt, told

    def _loud(self, sign: Sign) -> float:
        return {"alarm": 1.0, "metric": 0.8, "chatter": 0.3}.get(
            sign.kind, min(1.0, self.symptoms.share(sign) / SPREAD)
        )

    @cached_property
    def _dull(self) -> frozenset[str]:
        """Words that tell nothing: common ones, those of every day's lines, and the names of services."""
        names = diffs.words(resource.name for resource in self.sight.topology.resources)
        return common() | self.symptoms.ordinary | {bare(w) for w in names} | names

    def _rare(self, word: str) -> float:
        return 1 / (1 + 0.25 * max(0, self._counted[word] - 1))

    @cached_property
    def _counted(self) -> Counter[str]:
        """In how many changes each word stands."""
        return Counter(
            word
            for c in self._changes
            for word in diffs.read(c.diff).words | diffs.words([c.summary, *c.files])
        )


def _points(file: str, sign: Sign) -> bool:
    """Whether a line names a file of code with a place in it, as a stack trace does."""
    name = re.escape(file.rpartition("/")[2])
    return "." in file and bool(re.search(rf"(?<![\w.-]){name}[:\"(, ]+(?:line )?\d", sign.text))


def _names(name: str, sign: Sign) -> float:
    """How clearly a line names it: in quotes, or as a name of several parts; hardly by a plain word."""
    found = re.search(rf"(?P<open>[\"'`\[<(=]?)(?<!\w){re.escape(name)}(?!\w)", sign.text)
    if found is None:
        return 0.0
    return 1.0 if found["open"] or re.search(r"\w[\W_]+\w|[a-z][A-Z]", name) else 0.2


@lru_cache(maxsize=2)
def accused(sight: Sight) -> tuple[tuple[Accused, ...], float | None]:
    """The likeliest changes with how far each is believed to have done it, and that none of them has.

    `None` where the record of changes could not be read, or says of none what it altered.
    """
    if not sight.recorded or (sight.changes and not any(change.diff for change in sight.changes)):
        return (), None
    if not sight.changes:
        return (), 1.0
    blame = Blame(sight)
    worth = {score.change.id: score.value**SHARP for score in blame.scores}
    none = blame.bar**SHARP
    whole = sum(worth.values()) + none
    found = tuple(
        Accused(
            change=score.change,
            service=score.service,
            belief=round(worth[score.change.id] / whole, 4),
            matches=score.matches,
        )
        for score in blame.scores[:5]
    )
    return found, round(none / whole, 4)
