"""The same incident of the local cloud, investigated by the rules and by a model over HTTP."""

from collections.abc import Iterator

import pytest

from tests.bot.cli.seeing import Seen, Terminal
from tests.messages_api import KEY, MessagesApi, Turn, messages_api
from tests.workers.agent.minds import MODEL, honest
from workers.domain.conclusion import Conclusion
from workers.domain.event import EVENT
from workers.domain.investigation import Investigation, fold


@pytest.fixture
def api() -> Iterator[MessagesApi]:
    with messages_api((MODEL,)) as one:
        one.script = honest()
        yield one


def read(seen: Seen) -> Investigation:
    assert seen.code == 0, seen.err
    return fold([EVENT.validate_json(one) for one in seen.out.splitlines()])


def blamed(case: Investigation) -> tuple[str, ...]:
    assert isinstance(case.conclusion, Conclusion)
    return tuple(f"{cause.service} {cause.mode} {cause.revision}" for cause in case.conclusion.causes)


def test_both_minds_name_the_same_cause_and_the_model_tells_how_it_came_about(
    terminal: Terminal, api: MessagesApi
) -> None:
    rules = read(terminal.run("investigate", "storefront is slow", "--json"))
    model = read(
        terminal.run(
            "investigate",
            "storefront is slow",
            "--json",
            ANTHROPIC_API_KEY=KEY,
            ANTHROPIC_BASE_URL=api.address,
        )
    )

    assert blamed(model) == blamed(rules) != ()
    assert (rules.model, model.model) == ("", MODEL)
    assert model.conclusion is not None
    assert model.conclusion.account.startswith("The first sign of it was that ")
    assert model.usage.tokens > 1000
    assert KEY not in model.model_dump_json()


def test_model_that_is_away_is_told_and_the_cause_named_all_the_same(
    terminal: Terminal, api: MessagesApi
) -> None:
    api.script = lambda body: Turn(status=529, message="Overloaded", headers={"x-should-retry": "false"})

    seen = terminal.run(
        "investigate", "storefront is slow", ANTHROPIC_API_KEY=KEY, ANTHROPIC_BASE_URL=api.address
    )

    assert seen.code == 0
    assert f"Reasoning by {MODEL}, since a model is configured" in seen.out
    assert "Reasoning by rules, since it answered 529 (Overloaded)" in seen.out
    assert f"{MODEL}, then rules: it answered 529 (Overloaded)" in seen.out
    assert "\nRoot cause: Bad deployment: " in seen.out
