"""What `runbook investigate` and `runbook backtest` look with: read-only eyes on AWS, no Slack, no ledger."""

import difflib
import os
import queue
import threading
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import botocore.session
from botocore.exceptions import BotoCoreError, ClientError
from pydantic import ValidationError

from bot.cli import probes, stack
from bot.cli.past import FIVES_KEPT, Past
from bot.cli.shelf import MOST_PIECES, Nothing, shelf
from knowledge.embedder import Embedder
from knowledge.retriever import Retriever
from workers import wiring
from workers.agent.investigator import Investigator
from workers.agent.reasoner import Reasoner
from workers.domain.budget import Budget
from workers.domain.call import AlarmData, ToolCall
from workers.domain.errors import AccessDenied, RunbookError, SettingsError, ToolFailed, Unreachable
from workers.domain.event import Event, IncidentReported
from workers.domain.incident import Incident, Thread
from workers.domain.investigation import Investigation, begun
from workers.domain.telemetry import Alarm
from workers.domain.window import Window
from workers.hiding import redacted
from workers.safety.gate import Gate
from workers.safety.policy import policy
from workers.settings import Identity, Settings, load
from workers.tools.aws import Aws
from workers.tools.places import Places
from workers.tools.refusals import DENIED
from workers.tools.runbooks import Search

FRESH = timedelta(minutes=2)
"""An incident younger than this is looked at as it is now."""
HISTORY = timedelta(days=30)
"""How long CloudWatch keeps the history of alarms."""
NOBODY = "xoxb-nobody"
"""In the place of the bot token that a worker cannot do without; nothing is ever sent with it."""
TERMINAL = Thread(team="terminal", channel="terminal")

Say = Callable[[str], None]


@dataclass(frozen=True)
class Eyes:
    """What an investigation from a terminal looks with."""

    settings: Settings
    region: str
    gate: Gate

    def moves(self, window: Window) -> tuple[tuple[Alarm, ...], bool]:
        """Changes of alarms' states, newest first, and whether there were too many to read them all."""
        result = self.gate.run(ToolCall(name="cloudwatch_alarm_history", arguments=_within(window)))
        if result.failure is not None:
            raise RunbookError(
                f"the history of alarms cannot be read: {result.failure.message}", result.failure.mend
            )
        return (result.data.alarms if isinstance(result.data, AlarmData) else ()), result.truncated

    def alarms(self) -> tuple[Alarm, ...]:
        """All alarms as they are now."""
        now = wiring.now()
        window = Window(start=now - timedelta(days=1), end=now)
        result = self.gate.run(ToolCall(name="alarms", arguments=_within(window)))
        if result.failure is not None:
            raise RunbookError(f"alarms cannot be read: {result.failure.message}", result.failure.mend)
        return result.data.alarms if isinstance(result.data, AlarmData) else ()

    def as_of(self, at: datetime, moves: tuple[Alarm, ...] | None = None, *, always: bool = False) -> Gate:
        """The gate for an incident of that time: the past where it is not now, or `always`."""
        now = wiring.now()
        if now - at < FRESH and not always:
            return self.gate
        if now - at > FIVES_KEPT - timedelta(hours=3):
            raise RunbookError(
                f"{at:%Y-%m-%d} is too long ago: CloudWatch keeps points of five minutes for 63 days",
                "Points of an hour tell no cause from its effect.",
            )
        if moves is None:
            moves, _ = self.moves(Window(start=max(at - timedelta(days=1), now - HISTORY), end=now))
        return Past(self.gate, at, moves, wiring.now)


def eyes(
    config: Path | None, profile: str | None, region: str | None, say: Say, search: Search | None = None
) -> Eyes:
    """Everything that is needed to look; raises `RunbookError` with what to do where something is missing."""
    settings = settings_to_look(config, profile, region)
    places = reading(settings)
    where = ", ".join(one.name for one in places.accounts)
    return Eyes(settings, where, wiring.investigating(places, search or library(settings, say)))


def settings_to_look(config: Path | None, profile: str | None, region: str | None) -> Settings:
    """The settings of a worker, without its need of a Slack app; options go before the file."""
    environ = dict(os.environ)
    told = region or _region_of(profile, environ)
    if told:
        environ["AWS_REGION"] = told
    settings = _loaded(config, environ)
    aws = settings.providers.aws
    try:
        regions = type(aws)(regions=(region,)).regions if region else aws.regions
    except ValidationError:
        raise SettingsError(f"{region!r} is not an AWS region", "Regions look like us-east-1.") from None
    worker = Identity(profile=profile) if profile else aws.worker
    # Whoever names a profile means its account; a region is looked at in each account.
    accounts = () if profile else aws.accounts
    if region:
        accounts = tuple(one.model_copy(update={"regions": regions}) for one in accounts)
    aws = aws.model_copy(update={"regions": regions, "worker": worker, "accounts": accounts})
    return settings.model_copy(update={"providers": settings.providers.model_copy(update={"aws": aws})})


def _loaded(config: Path | None, environ: dict[str, str]) -> Settings:
    settings = _tolerant(config, environ)
    if settings.chroma_url is not None:
        return settings
    return _tolerant(config, {**stack.addresses(settings.run_path), **environ})


def _tolerant(config: Path | None, environ: dict[str, str]) -> Settings:
    try:
        return load(config, environ, "worker")
    except SettingsError:
        pass
    try:
        return load(config, {"SLACK_BOT_TOKEN": NOBODY, **environ}, "worker")
    except SettingsError as error:
        mend = "Or give --region." if "names no region" in str(error) else error.mend
        raise SettingsError(str(error), mend) from None


def _region_of(profile: str | None, environ: dict[str, str]) -> str | None:
    """The region of the profile, where no variable names one: who works in a terminal expects it."""
    if environ.get("AWS_REGION") or environ.get("AWS_DEFAULT_REGION"):
        return None
    try:
        return botocore.session.Session(profile=profile).get_config_variable("region")
    except BotoCoreError:
        return None  # a profile that is not there is refused later, in words


def reading(settings: Settings) -> Places:
    """AWS as the read-only identity, which AWS was asked to confirm."""
    try:
        places = wiring.reading(settings)
    except BotoCoreError as error:
        raise _profile(settings, error) from error
    if places is None:
        raise RunbookError("AWS is switched off: providers.aws.enabled is false", "Set it to true.")
    reader = settings.providers.aws.reader
    _confirmed(places.first.aws, reader.profile)
    return places


NAME_ONE = "Name a profile (--profile), or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY."


def _profile(settings: Settings, error: BotoCoreError) -> RunbookError:
    wanted = settings.providers.aws.reader.profile or ""
    known = botocore.session.Session().available_profiles
    near = difflib.get_close_matches(wanted, known, 3) or sorted(known)[:8]
    mend = f"There are: {', '.join(near)}." if near else "There are no profiles; `aws configure` makes one."
    return RunbookError(str(error), mend)


def _confirmed(aws: Aws, profile: str | None) -> None:
    """Raises where AWS cannot be asked at all. A permission that is missing is a gap of the answer."""
    login = (
        f" `aws sso login{f' --profile {profile}' if profile else ''}` renews them where they come from SSO."
    )
    try:
        aws.call("cloudwatch", "describe_alarms", MaxRecords=1)
    except AccessDenied as error:
        cause = error.__cause__
        code = cause.response.get("Error", {}).get("Code", "") if isinstance(cause, ClientError) else ""
        if not code:
            raise RunbookError(
                "AWS does not know who is asking: no credentials were found", NAME_ONE
            ) from error
        if "Expired" in code:
            raise RunbookError(f"the AWS credentials have expired ({code})", f"Renew them.{login}") from error
        if code not in DENIED:
            mend = f"Check the key and its secret, and that {aws.region} is switched on for the account."
            raise RunbookError(f"AWS does not accept the credentials ({code})", mend) from error
        if error.permission.startswith("sts:"):
            raise
    except ToolFailed as error:
        if isinstance(error.__cause__, BotoCoreError):
            raise RunbookError(redacted(str(error)), f"Check the credentials.{login}") from error
        if not error.throttled:
            raise
    except Unreachable as error:
        raise Unreachable(
            error.part, f"no answer from {aws.region}", f"Is the region right? {error.mend}"
        ) from error


def library(settings: Settings, say: Say) -> Search:
    """Where runbooks are searched: the index where it answers, else the folders, else nowhere, said once."""
    url = settings.chroma_url.get_secret_value() if settings.chroma_url else ""
    if url and probes.answers_heartbeat(url):
        return Retriever(wiring.store(settings), Embedder())
    silent = f"The knowledge index at {probes.plain(url)} does not answer. " if url else ""
    sources = wiring.sources(settings)
    if not sources:
        say(f"{silent}No runbooks: there is no folder of them.")
        return Nothing()
    found = shelf(sources)
    if found is None:
        say(f"{silent}No runbooks: more than {MOST_PIECES} pieces need the index that `runbook up` runs.")
        return Nothing()
    if silent:
        say(f"{silent}The folders are searched instead.")
    return found


def reported(text: str, at: datetime, *, service: str = "", alarm: bool = False) -> IncidentReported:
    """The first event: what was asked, as of `at`; the clock of the investigation itself starts now."""
    words = redacted(text)
    incident = Incident(
        text=words if not service or service.lower() in words.lower() else f"{service}: {words}".rstrip(": "),
        service=service,
        source="alert" if alarm else "terminal",
        thread=TERMINAL,
        at=at,
    )
    return IncidentReported(at=wiring.now(), investigation=wiring.runner(), incident=incident)


def alarm_text(alarm: Alarm, region: str) -> str:
    """An alarm as its post reads in Slack."""
    return f'ALARM: "{alarm.name}" in {region}\n{alarm.reason}'.rstrip()


def run(
    settings: Settings,
    first: IncidentReported,
    gate: Gate,
    budget: Budget,
    reasoner: Reasoner,
    before: tuple[Investigation, ...] = (),
) -> Iterator[Event]:
    """The events that a worker would journal, up to a proposed change: none is asked for from here.

    `before` is what was asked in the same talk.
    """
    yield first
    investigator = Investigator(
        begun(first), reasoner, gate, policy(settings), budget, wiring.now, lambda: before
    )
    for event in investigator.run():
        yield event
        if event.type == "RemedyProposed":
            return


def apart(make: Callable[[], Iterator[Any]], beat: float) -> Generator[Any]:
    """What `make` yields, made on a thread of its own; `None` every `beat` seconds while nothing comes.

    Who reads can leave at any time: the thread is a daemon, and a question under way is not waited for.
    """
    told: queue.SimpleQueue[tuple[str, Any]] = queue.SimpleQueue()

    def work() -> None:
        try:
            for one in make():
                told.put(("one", one))
        except BaseException as error:  # noqa: BLE001  it is raised again, where it can be told
            told.put(("error", error))
        else:
            told.put(("end", None))

    threading.Thread(target=work, daemon=True, name="investigation").start()
    while True:
        try:
            kind, one = told.get(timeout=beat)
        except queue.Empty:
            yield None
            continue
        if kind == "end":
            return
        if kind == "error":
            raise one
        yield one


def fold(case: Investigation | None, event: Event) -> Investigation:
    """The investigation after one more event."""
    if case is None:
        if not isinstance(event, IncidentReported):
            raise ValueError(f"a journal begins with IncidentReported, not {event.type}")
        return begun(event)
    return case.apply(event)


def _within(window: Window) -> dict[str, Any]:
    return {"window": window.model_dump(mode="json")}
