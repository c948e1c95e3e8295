"""Lists come in pages: the cursor leads on, and wrong limits and cursors are refused."""

from typing import Any

import pytest

from tests.bot.sandbox.local_slack import LocalSlack

LISTS = {
    "users.list": ("members", {}),
    "conversations.list": ("channels", {}),
    "conversations.members": ("members", {"channel": "C0INCIDENTS"}),
    "conversations.history": ("messages", {"channel": "C0INCIDENTS"}),
    "conversations.replies": ("messages", {"channel": "C0INCIDENTS"}),
}


@pytest.fixture
def written(slack: LocalSlack) -> dict[str, Any]:
    """Where a thread of five messages hangs, besides four roots."""
    roots = [slack.say(f"root {number}") for number in range(5)]
    for number in range(4):
        slack.say(f"reply {number}", thread_ts=roots[0])
    return {"ts": roots[0]}


def key(row: Any) -> Any:
    return (row.get("ts") or row["id"]) if isinstance(row, dict) else row


@pytest.mark.parametrize("method", LISTS)
def test_pages_hold_everything_once_in(method: str, slack: LocalSlack, written: dict[str, Any]) -> None:
    name, args = LISTS[method]
    whole = slack.api(method, limit=1000, **args, **written)[name]
    rows: list[Any] = []
    cursor = ""
    while True:
        answer = slack.api(method, limit=2, cursor=cursor, **args, **written)
        assert len(answer[name]) <= 2
        rows += answer[name]
        cursor = answer["response_metadata"]["next_cursor"]
        if not cursor:
            break

    assert len(whole) > 2
    assert [key(row) for row in rows] == [key(row) for row in whole]


@pytest.mark.parametrize("method", LISTS)
@pytest.mark.parametrize(
    ("wish", "error"),
    [
        ({"cursor": "nonsense"}, "invalid_cursor"),
        ({"limit": -1}, "invalid_limit"),
        ({"limit": "many"}, "invalid_limit"),
        ({"limit": 1001}, "invalid_limit"),
    ],
)
def test_a_wrong_page_is_refused_by(
    method: str, wish: dict[str, Any], error: str, slack: LocalSlack, written: dict[str, Any]
) -> None:
    _, args = LISTS[method]

    assert slack.api(method, **args, **written, **wish)["error"] == error


def test_unknown_types_of_conversations_are_refused(shared: LocalSlack) -> None:
    assert shared.api("conversations.list", types="secret_channel")["error"] == "invalid_types"


@pytest.mark.parametrize("name", ["oldest", "latest"])
def test_history_is_bounded_by_timestamps(name: str, shared: LocalSlack) -> None:
    answer = shared.api("conversations.history", channel="C0INCIDENTS", **{name: "yesterday"})

    assert answer["error"] == f"invalid_ts_{name}"
