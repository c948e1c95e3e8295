"""Questions in the terminal: by the rules, and by a model that asks tools and remembers what was said."""

import json
import signal
from typing import Any

from tests.bot.cli.seeing import Terminal
from tests.messages_api import KEY, MessagesApi, Turn
from tests.workers.agent.minds import MODEL
from tests.workers.agent.talks import TOPOLOGY, answering, stated

OPEN = "how many tasks does each service run?"


def by(api: MessagesApi) -> dict[str, Any]:
    return {"ANTHROPIC_API_KEY": KEY, "ANTHROPIC_BASE_URL": api.address}


def test_a_question_is_answered_from_what_is_read(terminal: Terminal) -> None:
    seen = terminal.run("ask", "what's running?")

    assert seen.code == 0, seen.err
    assert seen.out.startswith("I see ")
    assert "• storefront (service" in seen.out


def test_how_a_table_and_a_queue_are_doing_is_measured(terminal: Terminal) -> None:
    table = terminal.run("ask", "how is table feature-flags doing?")
    queue = terminal.run("ask", "is the orders queue healthy?")

    assert table.out.startswith("feature-flags: as usual, by 3 metrics.")
    assert "• feature-flags reads: " in table.out
    assert "• orders age of the oldest message: " in queue.out


def test_what_is_no_question_is_code_1_and_says_what_would_be_one(terminal: Terminal) -> None:
    seen = terminal.run("ask", "storefront is slow")

    assert (seen.code, seen.out) == (1, "")
    assert "which alarms are firing?" in seen.err
    assert 'runbook investigate "storefront is slow"' in seen.err


def test_a_question_that_takes_a_model_says_so_where_there_is_none(terminal: Terminal) -> None:
    seen = terminal.run("ask", OPEN)

    assert (seen.code, seen.out) == (1, "")
    assert "takes a model to answer, and none is configured" in seen.err


def test_a_model_that_is_away_leaves_the_answer_to_the_rules_and_that_is_said(
    terminal: Terminal, api: MessagesApi
) -> None:
    api.script = lambda body: Turn(status=401, message="invalid x-api-key")

    seen = terminal.run("ask", "what's running?", **by(api))

    assert seen.code == 0, seen.err
    assert "• storefront (service" in seen.out
    assert seen.out.splitlines()[-1].endswith(
        "then rules: it answered 401 (invalid x-api-key) Check llm.api_key."
    )


def test_chat_remembers_what_was_said_and_ends_with_its_input(terminal: Terminal, api: MessagesApi) -> None:
    first = "The storefront service runs in the account."
    again = answering(stated("It was the storefront.", "t1"))
    api.says(Turn(uses=(TOPOLOGY,)), answering(stated(first, "m1")), again)

    seen = terminal.run("chat", typed=f"{OPEN}\n\nstorefront is slow\nwhich one was it?\n", **by(api))

    assert seen.code == 0, seen.err
    said = [one for one in seen.out.splitlines() if not one.startswith("Read from")]
    assert f"\nRead from aws · {MODEL} (" in seen.out
    assert KEY not in seen.out + seen.err
    assert said[0] == first
    assert said[1].startswith("I read no question in that")
    assert said[2] == "It was the storefront."
    assert "… topology" in seen.err
    assert first in str(last(api)["said in the thread before"])


def last(api: MessagesApi) -> dict[str, Any]:
    """The data of the last question."""
    text = api.bodies[-1]["messages"][0]["content"][0]["text"]
    return json.loads(text.split("<data>\n")[1].split("\n</data>")[0])


def test_chat_answers_by_the_rules_where_there_is_no_model(terminal: Terminal) -> None:
    seen = terminal.run("chat", typed=f"which alarms are firing?\n{OPEN}\n")

    assert seen.code == 0, seen.err
    assert "alarm" in seen.out.splitlines()[0].lower()
    assert "takes a model to answer" in seen.out.splitlines()[-1]


def test_chat_ends_on_ctrl_c(terminal: Terminal) -> None:
    with terminal.started("chat") as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write("which alarms are firing?\n")
        process.stdin.flush()
        assert process.stdout.readline()
        process.send_signal(signal.SIGINT)

        assert process.wait(10) == 130
        assert process.stderr is not None
        assert "Traceback" not in process.stderr.read()
