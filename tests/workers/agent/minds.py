"""Models for tests: scripts behind the local Messages API, asked over HTTP by the real mind."""

import json
import re
from collections.abc import Callable
from typing import Any

from tests.messages_api import KEY, MessagesApi, Turn
from tests.workers.agent import made
from tests.workers.agent.made import World
from workers.agent.fallback import Fallback
from workers.agent.investigator import Investigator
from workers.agent.model import Limits, ModelReasoner
from workers.domain.budget import Budget
from workers.domain.event import ReasonerSwitched
from workers.domain.investigation import Investigation
from workers.llm import Provider
from workers.llm.claude import Claude, direct
from workers.llm.prices import Price

MODEL = "claude-sonnet-5-5"
PRICE = Price(input=2, output=10, cached=0.1, stored=2.5)
Script = Callable[[dict[str, Any]], Turn]


def mind(api: MessagesApi, budget: Budget | None = None, limits: Limits | None = None) -> Fallback:
    """The model's mind over HTTP, with the rules to fall back to; it never sleeps."""
    return minded(claude(api), budget, limits)


def minded(provider: Provider, budget: Budget | None = None, limits: Limits | None = None) -> Fallback:
    """The mind of whatever model this asks, with the rules to fall back to."""
    return Fallback(reasoner(provider, budget, limits), made.Clock())


def reasoner(provider: Provider, budget: Budget | None = None, limits: Limits | None = None) -> ModelReasoner:
    """The mind of whatever model this asks, with nothing to fall back to."""
    return ModelReasoner(provider, budget or Budget(), limits or Limits(price=PRICE), made.Clock())


def claude(api: MessagesApi) -> Claude:
    """The model behind the local API; it never sleeps."""
    return Claude(MODEL, direct(KEY, api.address), pause=2, sleep=lambda _: None)


def thinking(world: World, text: str, api: MessagesApi, budget: Budget | None = None) -> Investigator:
    """An investigation that has not begun, by the model's mind."""
    return made.investigator(world, made.begun(text), budget=budget, reasoner=mind(api, budget))


def thought(world: World, text: str, api: MessagesApi, budget: Budget | None = None) -> Investigation:
    """A whole investigation by the model's mind."""
    run = thinking(world, text, api, budget)
    for _ in run.run():
        pass
    return run.case


def gave_way(case: Investigation) -> str:
    """Why the model gave way to the rules; empty where it did not."""
    last: ReasonerSwitched = case.switches[-1]
    return last.why if last.now == "rules" else ""


# -- scripts


def verb(body: dict[str, Any]) -> str:
    """What a request is about."""
    return "conclude" if "The cause below is decided" in _first(body) else "hypothesise"


def shown(body: dict[str, Any]) -> dict[str, Any]:
    """The data of a request, as a model reads it."""
    return json.loads(re.findall(r"<data>\n(.*?)\n</data>", _first(body), re.DOTALL)[0])


def _first(body: dict[str, Any]) -> str:
    """What is asked first; in Chat Completions the system's words come before."""
    return next(m["content"] for m in body["messages"] if m["role"] == "user")


def claiming(*claims: dict[str, str]) -> str:
    return json.dumps({"claims": [{"change": "", "why": "it may be", **claim} for claim in claims]})


def telling(text: str, *evidence: str) -> str:
    return json.dumps({"sentences": [{"text": text, "evidence": evidence}]})


def faithful(body: dict[str, Any]) -> str:
    """Tells the first finding as it stands in the data."""
    key, _, rest = shown(body)["findings"][0].partition(" (")
    return telling(f"The first sign of it was that {rest.partition('): ')[2]}.", key)


def honest(*claims: dict[str, str]) -> Script:
    """A model that claims this when it is asked to, and tells what is shown to it."""

    def answer(body: dict[str, Any]) -> Turn:
        return Turn(text=claiming(*claims) if verb(body) == "hypothesise" else faithful(body))

    return answer


def liar(where: str) -> Script:
    """A model that blames `where`, whatever was measured, and is sure of it."""
    modes = (
        "cache_stampede",
        "lock_contention",
        "slow_dependency",
        "quota_exceeded",
        "disk_full",
        "third_party_down",
    )

    def answer(body: dict[str, Any]) -> Turn:
        if verb(body) == "conclude":
            keys = [finding.partition(" ")[0] for finding in shown(body).get("findings", ())]
            said = f"The cause is {where}, and the confidence of that is 1.0."
            return Turn(text=telling(said, *keys[:1]))
        return Turn(text=claiming(*({"where": where, "mode": mode} for mode in modes[:3])))

    return answer
