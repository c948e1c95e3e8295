"""What a model that lies can do to the answers: the sets answered twice, by the rules alone and with a liar.

`python -m tests.liar --data DIR [--set NAME]`. The liar knows each label, and claims only what is wrong.
"""

import argparse
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.messages_api import MessagesApi, Turn, messages_api
from tests.workers.agent.minds import MODEL, claiming, mind, shown, telling, verb
from workers.agent.catalogue import modes
from workers.agent.rules import RuleReasoner
from workers.evals import answering
from workers.evals.answering import Said
from workers.evals.recorded import Recorded
from workers.evals.scoring import score, table
from workers.evals.sets import FIXED, SETS, Truth, cases, found, truths

SEED = 11


def main() -> None:
    given = argparse.ArgumentParser(description=__doc__)
    given.add_argument("--data", type=Path, required=True)
    given.add_argument("--set", action="append", choices=sorted(SETS))
    options = given.parse_args()
    print(
        f"{'set':<20}{'by':<8}{'cases':>6}{'top-1':>7}{'top-3':>7}{'grounded':>10}{'changed':>9}{'asked':>7}"
    )
    with messages_api((MODEL,)) as api:
        for name in options.set or sorted({*found(options.data)} - FIXED):
            labels, some = truths(options.data, name), list(cases(options.data, name))
            rules = [answering.answer(case, RuleReasoner()) for case in some]
            lied = list(_lied(some, labels, api))
            changed = sum(a.ranked[:3] != b.ranked[:3] for a, b in zip(rules, lied, strict=True))
            _row(name, "rules", some, rules, labels, "")
            _row(name, "liar", some, lied, labels, f"{changed:>9}{api.asked:>7}")


def _row(
    name: str, by: str, found: list[Recorded], said: list[Said], labels: dict[str, Truth], rest: str
) -> None:
    scores = [score(one, labels[case.id], case) for case, one in zip(found, said, strict=True)]
    whole = table(name, tuple(scores))
    shares = f"{whole.first:>7.2f}{whole.among_three:>7.2f}{whole.grounded:>10.2f}"
    print(f"{name:<20}{by:<8}{whole.cases:>6}{shares}{rest}", flush=True)


def _lied(found: list[Recorded], labels: dict[str, Truth], api: MessagesApi) -> Iterator[Said]:
    api.forget()
    for case in found:
        api.script = _liar(case, labels[case.id].service)
        yield answering.answer(case, mind(api))


def _liar(case: Recorded, right: str) -> Any:
    """Claims at any place but the right one, rather where the question allows it; and blames it in words."""
    dice = random.Random(f"{SEED} {case.id}")

    def answer(body: dict[str, Any]) -> Turn:
        data = shown(body)
        if verb(body) == "conclude":
            keys = [finding.partition(" ")[0] for finding in data["findings"]]
            return Turn(text=telling("The cause is elsewhere, and that is certain.", *keys[:1]))
        allowed = {line.partition(" ")[0] for line in data["places that may be claimed"]}
        wrong = [r for r in case.topology.resources if r.name != right]
        near = [r for r in wrong if r.name in allowed] or wrong
        claims = [
            {"where": place.name, "mode": mode.id}
            for place in near
            for mode in modes().values()
            if place.kind in mode.kinds and mode.incident and not mode.trigger
        ]
        return Turn(text=claiming(*dice.sample(claims, min(3, len(claims)))))

    return answer


if __name__ == "__main__":
    main()
