"""The Home tab: for one person, and within limits of its own."""

from typing import Any

from tests.bot.sandbox.kit import plain, section
from tests.bot.sandbox.local_slack import LocalSlack


def test_the_home_tab_is_published_for_one_person(slack: LocalSlack) -> None:
    view = {"type": "home", "blocks": [section("Hello Ben")]}
    published = slack.api("views.publish", user_id=slack.people["ben"], view=view)
    again = slack.api("views.publish", user_id=slack.people["ben"], view=view, hash="stale")

    homes = slack.look("state")["homes"]
    assert homes[slack.people["ben"]]["blocks"][0]["text"]["text"] == "Hello Ben"
    assert slack.people["alice"] not in homes
    assert published["view"]["type"] == "home"
    assert again["error"] == "hash_conflict"


def test_a_home_tab_may_hold_100_blocks(shared: LocalSlack) -> None:
    def publish(count: int) -> dict[str, Any]:
        view = {"type": "home", "blocks": [section()] * count}
        return shared.api("views.publish", user_id=shared.people["ben"], view=view)

    assert publish(100)["ok"]
    assert publish(101)["errors"][1] == "no more than 100 items allowed [json-pointer:/view/blocks]"


def test_a_home_tab_has_no_title(shared: LocalSlack) -> None:
    view = {"type": "home", "blocks": [section()], "title": plain("x")}

    answer = shared.api("views.publish", user_id=shared.people["ben"], view=view)

    assert "invalid additional property: title [json-pointer:/view]" in answer["errors"]
