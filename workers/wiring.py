"""Putting the parts together from the settings; nothing here connects before it is used.

Made in the parent of a worker and used in its children, so no part may hold a connection or a thread.
"""

import logging
import uuid
from contextlib import closing
from datetime import UTC, datetime
from functools import partial
from typing import Any

from botocore.config import Config
from slack_sdk import WebClient

from knowledge.embedder import Embedder
from knowledge.sources.filesystem import Filesystem
from knowledge.store import Store
from workers.agent.fallback import Fallback
from workers.agent.model import Limits, ModelReasoner
from workers.agent.sent import Making
from workers.domain.budget import Budget
from workers.domain.errors import ModelFailed, RunbookError, SettingsError
from workers.ledger import Ledger, Mirror, connect
from workers.llm import Provider, chat, claude
from workers.llm.hosted import Hosted
from workers.llm.prices import PRICES, Price
from workers.queue import Queue
from workers.rosters import Outside
from workers.safety.gate import Gate
from workers.safety.policy import DAY
from workers.settings import Environment, Pager, Role, Settings
from workers.thread.publisher import Publisher
from workers.tools import AWS, KNOWLEDGE, identity
from workers.tools.action import Toolset
from workers.tools.aws import READ, WRITE, Aws
from workers.tools.inventory import Account
from workers.tools.metering import Bucket, Pace
from workers.tools.opsgenie import OpsGenie
from workers.tools.pagerduty import PagerDuty
from workers.tools.permissions import Who
from workers.tools.places import Places, spread
from workers.tools.runbooks import Library, Search

log = logging.getLogger(__name__)

SLACK_TIMEOUT = 15
ANTHROPIC = "https://api.anthropic.com"
PAGERDUTY, OPSGENIE = "https://api.pagerduty.com", "https://api.opsgenie.com"


def now() -> datetime:
    return datetime.now(UTC)


def ledger(settings: Settings) -> Ledger:
    return Ledger(connect(settings.ledger_url), Mirror(settings.data_dir))


def queue(settings: Settings) -> Queue:
    return Queue(settings.queue_url)


def slack(settings: Settings) -> WebClient:
    """A client that neither waits nor tries again by itself: the outbox does both, and better."""
    token = settings.slack.bot_token
    return WebClient(
        token=token.get_secret_value() if token else None,
        base_url=settings.slack.api_url,
        timeout=SLACK_TIMEOUT,
        retry_handlers=[],
    )


def outside(settings: Settings) -> Outside:
    """Those who know who is in a user group and who is on call."""
    pagerduty, opsgenie = settings.incident.pagerduty, settings.incident.opsgenie
    return Outside(
        settings=settings,
        slack=slack(settings),
        pagerduty=PagerDuty(*_door(pagerduty, PAGERDUTY)) if pagerduty.enabled else None,
        opsgenie=OpsGenie(*_door(opsgenie, OPSGENIE)) if opsgenie.enabled else None,
    )


def _door(pager: Pager, usual: str) -> tuple[str, str]:
    return pager.api_key.get_secret_value() if pager.api_key else "", pager.api_url or usual


def publisher(settings: Settings, to: Ledger, through: Queue) -> Publisher:
    team, hosts = settings.slack.team_id or "workspace", settings.slack.link_hosts
    return Publisher(slack(settings), to, through, team, hosts)


def budget(settings: Settings) -> Budget:
    agent = settings.agent
    return Budget(
        iterations=agent.max_iterations,
        seconds=agent.max_seconds,
        queries=agent.max_queries,
        tokens=agent.max_tokens,
        dollars=agent.max_dollars,
        metrics=agent.max_metrics,
        scanned=agent.max_bytes_scanned,
        pace=settings.providers.aws.max_calls_per_second,
    )


def reasoner(settings: Settings, to: Ledger | None = None) -> Fallback:
    """A model's mind where one is configured, with the rules to fall back to.

    With a ledger, what was spent in its investigations counts against the day.
    """
    if not settings.llm.active:
        return Fallback(None, now)
    daily = settings.agent.max_dollars_per_day
    model = ModelReasoner(
        _provider(settings),
        budget(settings),
        _limits(settings),
        now,
        left=lambda: daily - (to.dollars_since(now() - DAY) if to else 0.0),
    )
    return Fallback(model, now)


def _provider(settings: Settings) -> Provider:
    llm = settings.llm
    key = llm.api_key.get_secret_value() if llm.api_key else ""
    kind: type[Hosted] = claude.Claude
    match llm.provider:
        case "anthropic":
            host = claude.direct(key, llm.base_url or ANTHROPIC)
        case "bedrock":
            host = claude.bedrock(llm.region or "", partial(_keys, settings), llm.base_url)
        case "vertex":
            host = claude.vertex(llm.region or "", llm.project or "", llm.base_url)
        case "openai":
            kind, host = chat.ChatModel, chat.completions(key, llm.base_url or chat.OPENAI)
    return kind(llm.model, host, pause=llm.pause_seconds, patience=llm.patience_seconds)


def making(settings: Settings) -> Making:
    """What prompts are made with; no system is asked for it."""
    kinds = (*(AWS if settings.providers.aws.enabled else ()), *KNOWLEDGE)
    tools = Gate([(toolset, None) for toolset in kinds], now).tools
    return Making(_limits(settings), budget(settings), tools)


def _limits(settings: Settings) -> Limits:
    llm, own = settings.llm, settings.llm.prices.get(settings.llm.model)
    return Limits(
        prompt=settings.agent.context_threshold_tokens,
        answer=llm.max_output_tokens,
        price=Price(**own.model_dump()) if own else PRICES.get(llm.model),
        never=llm.never_for,
    )


def _keys(settings: Settings) -> tuple[str, str, str | None]:
    """The worker's credentials as they are now; a role's are renewed before they run out."""
    found = identity.session(settings.providers.aws.reader, settings.llm.region or "").get_credentials()
    if found is None:
        raise ModelFailed("there are no AWS credentials", "Give providers.aws.worker an identity.")
    keys = found.get_frozen_credentials()
    return keys.access_key or "", keys.secret_key or "", keys.token


def reading(settings: Settings, through: Queue | None = None) -> Places | None:
    """AWS with the read-only identity; `None` where AWS is switched off.

    With a queue, all processes together keep to the pace at which an account may be asked.
    """
    return _places(settings, "worker", READ, through) if settings.providers.aws.enabled else None


def acting(settings: Settings) -> tuple[Places, Places]:
    """AWS with the executor's identity: to look, and to change."""
    return _places(settings, "executor", READ), _places(settings, "executor", WRITE)


def _places(settings: Settings, who: Who, config: Config, through: Queue | None = None) -> Places:
    """Each region of each account, as one of our two identities."""
    aws = settings.providers.aws
    base = aws.reader if who == "worker" else aws.executor
    found: list[Account] = []
    for one in aws.accounts or (None,):
        regions = (one.regions if one else ()) or aws.regions
        role = getattr(one, who) if one else Role()
        pace = _pace(one.name if one else "", aws.max_calls_per_second, through)
        held = identity.within(base, role, regions[0], who=who, endpoint_url=aws.endpoint_url)
        known = _known(settings, one.name, regions) if one else settings.environments
        for region in regions:
            made = Aws(held, region, endpoint_url=aws.endpoint_url, config=config, pace=pace)
            name = f"{one.name}/{region}" if one else region
            found.append(Account(made, environments=known, name=name, home=region == regions[0]))
    return Places(tuple(found))


def _known(settings: Settings, account: str, regions: tuple[str, ...]) -> dict[str, Environment]:
    """The environments, for one account: where its name is one's, all its regions are."""
    return {
        name: one.model_copy(update={"regions": (*one.regions, *regions)}) if account in one.accounts else one
        for name, one in settings.environments.items()
    }


def _pace(account: str, limit: int, through: Queue | None) -> Pace:
    share = through and (lambda: through.take(f"aws:{account}", limit, 1.0, uuid.uuid4().hex))
    return Pace(Bucket(limit, share or None).take)


def investigating(places: Places | None, search: Search) -> Gate:
    """The gate of a worker: every system, read only."""
    library = Library(search, now)
    return Gate([*_asked(places), *((toolset, library) for toolset in KNOWLEDGE)], now)


def verifying(settings: Settings) -> tuple[Gate, Places]:
    """The gate of the executor, with its own eyes, and what it changes through."""
    look, change = acting(settings)
    return Gate(_asked(look), now), change


def _asked(places: Places | None) -> list[tuple[Toolset, Any]]:
    return [(spread(toolset, places), places) for toolset in AWS] if places else []


def store(settings: Settings) -> Store:
    return Store(settings.index_url, Embedder.version)


def sources(settings: Settings) -> tuple[Filesystem, ...]:
    """Where documents are; the folder `runbooks` of the data folder where nothing is configured."""
    configured = settings.knowledge.sources
    paths = [source.path for source in configured] or [settings.data_dir / "runbooks"]
    return tuple(Filesystem(path) for path in paths if path.exists())


def identify(settings: Settings, process: Who) -> None:
    """Put on record who we are in AWS. Raises `SettingsError` where worker and executor are the same.

    With a ledger and clients of its own: what a process shares with its jobs is not connected before them.
    """
    places = reading(settings) if process == "worker" else acting(settings)[0]
    if places is None:
        return
    with closing(ledger(settings)) as to:
        for account in places.homes:
            other = account.holder("executor" if process == "worker" else "worker")
            try:
                arn = account.aws.who()
                to.identify(account.holder(process), arn)
            except RunbookError as error:
                log.warning("who the %s is in %s is not on record: %s", process, account.name, error)
                continue
            if to.identity(other) == arn:
                raise SettingsError(
                    f"worker and executor are both {arn} in AWS",
                    "The worker must be read-only: give providers.aws.executor a user or role of its own.",
                )


def runner() -> str:
    """A name for one run of one job."""
    return uuid.uuid4().hex
