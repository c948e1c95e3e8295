"""The HTTP application: which address leads where."""

from pathlib import Path
from typing import Any

from aiohttp import web

from bot.sandbox import doors, page_api, response_api, seeds, web_api
from bot.sandbox.calls import CallLog
from bot.sandbox.clock import Clock
from bot.sandbox.doors import find
from bot.sandbox.errors import SlackError
from bot.sandbox.faults import Faults
from bot.sandbox.files import Files, mimetype
from bot.sandbox.ids import Ids
from bot.sandbox.limits import Limits
from bot.sandbox.live import Live
from bot.sandbox.manifest import Manifest
from bot.sandbox.responses import ResponseUrls
from bot.sandbox.slack import Slack
from bot.sandbox.sockets import Sockets
from bot.sandbox.triggers import Triggers
from bot.sandbox.workspace import Workspace

PAGE = Path(__file__).parent / "page"
UPLOAD_LIMIT = 64 * 1024 * 1024


def build(manifest: Manifest, state: Path | None, cloud: str, crew: str = "") -> Slack:
    """A fresh workspace, not served yet."""
    clock = Clock()
    ids = Ids(clock)
    live = Live()
    return Slack(
        manifest=manifest,
        clock=clock,
        ids=ids,
        workspace=Workspace(ids, clock.now()),
        live=live,
        sockets=Sockets(seeds.APP_ID, clock, ids, lambda count: live.tell("sockets", count=count)),
        calls=CallLog(state),
        files=Files(clock, ids),
        triggers=Triggers(clock, ids),
        responses=ResponseUrls(clock, ids),
        limits=Limits(clock),
        faults=Faults(),
        cloud=cloud.rstrip("/"),
        crew=crew.rstrip("/"),
    )


def application(slack: Slack) -> web.Application:
    """All routes of the stand-in."""
    app = web.Application(client_max_size=UPLOAD_LIMIT)
    route = app.router
    route.add_route("*", "/api/{method}", lambda request: web_api.answer(slack, request))
    route.add_get("/link", slack.sockets.serve)
    route.add_post("/respond/{key}", lambda request: response_api.answer(slack, request))
    route.add_post("/upload/v1/{ticket}", lambda request: _upload(slack, request))
    route.add_get("/files-pri/{file}/{name:.+}", lambda request: _download(slack, request))
    for name, door in doors.POSTS.items():
        route.add_post(f"/_slack/{name}", page_api.handler(slack, door))
    for name, door in doors.GETS.items():
        route.add_get(f"/_slack/{name}", page_api.handler(slack, door))
    route.add_get("/_slack/stream", lambda request: _stream(slack, request))
    route.add_get("/_slack/files/{file}", lambda request: _picture(slack, request))
    route.add_get("/", _index)
    route.add_get("/archives/{rest:.+}", _index)
    route.add_static("/page", PAGE)
    app.on_shutdown.append(lambda _app: _shutdown(slack))
    return app


async def _shutdown(slack: Slack) -> None:
    slack.live.close()
    slack.stop()
    slack.sockets.cut()
    slack.calls.close()


async def _index(_request: web.Request) -> web.StreamResponse:
    return web.FileResponse(PAGE / "index.html", headers={"Cache-Control": "no-store"})


async def _stream(slack: Slack, request: web.Request) -> web.StreamResponse:
    named = request.query.get("person")
    person = find.user(slack, named) if named else ""

    def wanted(notice: dict[str, Any]) -> bool:
        if not person:
            return True
        place = notice.get("channel", "")
        channel = slack.workspace.channels.get(place["id"] if isinstance(place, dict) else place)
        seen = channel is None or channel in slack.workspace.visible(person)
        return seen and notice.get("to", person) == person

    return await slack.live.stream(request, wanted)


async def _upload(slack: Slack, request: web.Request) -> web.Response:
    if request.content_type == "multipart/form-data":
        form = await request.post()
        parts = [part.file.read() for part in form.values() if isinstance(part, web.FileField)]
        data = parts[0] if parts else b""
    else:
        data = await request.read()
    if not slack.files.receive(request.match_info["ticket"], data):
        return web.Response(status=404, text="Not found")
    return web.Response(text=f"OK - {len(data)}")


async def _download(slack: Slack, request: web.Request) -> web.StreamResponse:
    token = request.headers.get("Authorization", "").removeprefix("Bearer ").strip()
    if token != seeds.BOT_TOKEN or "files:read" not in slack.manifest.scopes:
        # Slack sends whoever it does not know to its sign-in page, with status 200 at the end.
        raise web.HTTPFound(f"/?redir={request.path}")
    return _bytes(slack, request.match_info["file"].rpartition("-")[2])


async def _picture(slack: Slack, request: web.Request) -> web.StreamResponse:
    return _bytes(slack, request.match_info["file"])


def _bytes(slack: Slack, id_: str) -> web.Response:
    try:
        file = slack.files.get(id_)
    except SlackError:
        raise web.HTTPNotFound from None
    headers = {"X-Content-Type-Options": "nosniff", "Content-Security-Policy": "sandbox"}
    return web.Response(body=file.data, content_type=mimetype(file), headers=headers)
