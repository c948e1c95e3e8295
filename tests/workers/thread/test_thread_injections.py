"""What Slack gets of investigations of hostile texts, by Slack's own list of calls."""

import pytest

from tests.messages_api import MessagesApi
from tests.workers.agent.carriers import CARRIERS, incident, spoken, talk
from tests.workers.safety.hostile import hostile
from tests.workers.thread.conftest import Room
from workers.domain.post import LIVE


@pytest.mark.parametrize("carrier", CARRIERS)
def test_slack_gets_no_secret_no_link_and_no_mention_of_hostile_texts(
    room: Room, api: MessagesApi, carrier: str
) -> None:
    texts = hostile()[-20:]
    ran = [talk(carrier, texts[:6], api, calls=False), incident(carrier, texts, api, "bad_deployment")]
    last = {(number, post.key): post for number, one in enumerate(ran) for post in one.said}

    for (number, key), post in last.items():
        room.ledger.say(room.investigation, (post.model_copy(update={"key": f"{key}-{number}"}),))
        room.until(lambda: not room.unsaid())

    calls = room.calls("chat.postMessage")
    assert len(calls) >= len(last) >= 3
    assert any(key == LIVE for _, key in last)
    assert list(spoken(row["args"] for row in calls)) == []
    assert {str(row["args"]["unfurl_links"]).lower() for row in calls} == {"false"}
