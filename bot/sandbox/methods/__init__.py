"""The Web API methods we serve, one file per family. `METHODS` is the only list."""

from bot.sandbox.methods import (
    account,
    chat,
    conversations,
    files,
    people,
    reactions,
    streams,
    threads,
    views,
)
from bot.sandbox.methods.call import Method

METHODS: dict[str, Method] = {
    **account.METHODS,
    **chat.METHODS,
    **streams.METHODS,
    **conversations.METHODS,
    **people.METHODS,
    **reactions.METHODS,
    **files.METHODS,
    **views.METHODS,
    **threads.METHODS,
}
