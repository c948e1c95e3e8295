"""`/_slack/*`: what people do, for the page, for scripts and for tests. All go through the same doors."""

from bot.sandbox.doors import channels, people, speaking, tools, using
from bot.sandbox.doors.find import Door

POSTS: dict[str, Door] = {**speaking.POSTS, **using.POSTS, **channels.POSTS, **people.POSTS, **tools.POSTS}
GETS: dict[str, Door] = tools.GETS
