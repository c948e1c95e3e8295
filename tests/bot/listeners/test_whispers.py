"""What one person is told is as free of secrets as what everybody is told."""

from slack_bolt import App

from bot.slack import whisper
from tests.bot.listeners.conftest import Room
from tests.workers.safety.planted import OURS, leaked, planted

TEXT, SECRET = planted("URL with a password", OURS["URL with a password"], "in a line")


def test_no_secret_is_whispered(room: Room, app: App) -> None:
    whisper(app.client, room.id, room.slack.people["alice"], f"I could not write it down: {TEXT}")

    (told,) = room.whispers()
    assert told.startswith("I could not write it down: 2026-03-04")
    assert not leaked(SECRET, told)
