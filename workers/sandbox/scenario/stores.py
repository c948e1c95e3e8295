"""Faults of databases, caches and queues: a held lock, lost keys, messages that nobody reads."""

from workers.sandbox.estate.beginning import Change, Happening, Locked
from workers.sandbox.estate.names import number
from workers.sandbox.estate.revisions import Revision, image
from workers.sandbox.estate.trail import Actor
from workers.sandbox.model.scene import Routine
from workers.sandbox.scenario.calls import job_started
from workers.sandbox.scenario.case import Trouble, Truth
from workers.sandbox.scenario.changes import Call, Deploy, Job, Lock, Note, Turn
from workers.sandbox.scenario.loads import ceiling, connections, statements
from workers.sandbox.scenario.people import PIPELINE, SCHEDULE, somebody
from workers.sandbox.scenario.stage import Stage
from workers.sandbox.scenario.wording import Wording

HELD = 900.0
"""Seconds that a statement would have to wait for the lock: longer than any time-out."""


def lock_contention(stage: Stage) -> Trouble:
    """A migration or a forgotten transaction holds a table; whoever writes to it waits until it gives up."""
    application = stage.base.application
    name = stage.pick(list(application.databases))
    tables = application.databases[name].tables
    table = sorted(tables)[int(stage.rng.integers(len(tables)))]
    migration = stage.rng.random() < 0.6
    mode = "RowExclusiveLock" if migration else "ShareLock"
    pid = 400 + number(30000, stage.seed, table)
    locked = Locked(stage.onset, table, 16000 + number(3000, table), mode, pid, migration)
    changes: list[Change] = [Lock(stage.onset, name, locked), Turn(stage.onset, name, "lock seconds", HELD)]
    changes += [
        Turn(stage.onset, name, f"blocks {service}", stage.share(0.35, 0.8)) for service in tables[table]
    ]
    if migration:
        run = job_started(application, f"{application.name}-migrations")
        changes.append(_run(run, stage.onset - 21, somebody(stage.rng)))
    return Trouble(Truth(name, "lock_contention"), tuple(changes))


def query_regression(stage: Stage) -> Trouble:
    """The plan of one statement turned bad, without a change: every run of it reads a whole table."""
    application = stage.base.application
    name = stage.pick(list(application.databases))
    writers = {service for services in application.databases[name].tables.values() for service in services}
    service = stage.among([s for s in stage.served() if s in writers])
    usual = sum(statements(stage, caller, name) for caller in application.callers(name))
    wanted = ceiling(stage, name) * stage.between(1.0, 1.2) * stage.strength
    more = (wanted - usual) / statements(stage, service, name)
    return Trouble(Truth(name, "query_regression"), (Turn(stage.onset, service, f"costs {name}", more),))


def pool_exhaustion(stage: Stage) -> Trouble:
    """Somebody's sessions take all the connections there are, and the pools of the services run dry."""
    application = stage.base.application
    name = stage.pick(list(application.databases))
    busiest = max(connections(stage, s, name) for s in stage.served() if s in application.callers(name))
    taken = 1 - busiest * stage.between(0.35, 0.7) / stage.strength
    return Trouble(Truth(name, "pool_exhaustion"), (Turn(stage.onset, name, "taken", taken),))


def disk_full(stage: Stage) -> Trouble:
    """Something that nobody cleans up fills the storage in a straight line, until nothing can be written."""
    name = stage.pick(list(stage.base.application.databases))
    spec = stage.base.application.databases[name]
    room, took = spec.storage_gb - spec.used_gb, 60 * stage.between(35, 60)
    began = stage.onset - took
    text = (
        f"The free storage capacity for DB Instance: {name} is low at 5% of the provisioned storage "
        f"[Provisioned Storage: {spec.storage_gb:.0f} GB, Free Storage: {spec.storage_gb * 0.05:.2f} GB]. "
        "You may want to increase the provisioned storage to address this issue."
    )
    low = stage.onset - took * spec.storage_gb * 0.05 / room
    full = "Database instance is out of storage: the allocated storage has been exhausted."
    changes = (
        Turn(began, name, "fills", room / took, harmful=False, reshapes=True),
        Note(low, Happening(low, "rds", name, text, ("low storage",))),
        Note(stage.onset, Happening(stage.onset, "rds", name, full, ("low storage",))),
    )
    return Trouble(Truth(name, "disk_full"), changes)


def batch_collision(stage: Stage) -> Trouble:
    """The daily report runs into the traffic: it takes far more of the database than on other days."""
    application = stage.base.application
    name = stage.pick(list(application.databases))
    usual = sum(statements(stage, caller, name) for caller in application.callers(name)) / ceiling(
        stage, name
    )
    busy = min(0.97, 1 - usual * stage.between(0.72, 0.88) / stage.strength)
    family = f"{application.name}-reports"
    run = job_started(application, family)
    runs = [_run(run, stage.onset - 86400 * day - 20, SCHEDULE) for day in range(8)]
    full = image(application.name, "reports", "stable")
    registered = stage.onset - 86400 * 60
    revision = Revision("reports", 7, full, {"REPORT": "daily"}, registered, PIPELINE.arn, 1024, 4096)
    routine = Routine(stage.onset, stage.between(240, 420), min(0.2, busy / 3))
    changes = (*runs, Job(stage.onset, name, busy, revision))
    return Trouble(Truth(name, "batch_collision"), changes, routines={name: routine})


def _run(call: Wording, at: float, actor: Actor) -> Call:
    return Call(at, call.event, call.source, actor, call.request, call.resources)


def cache_stampede(stage: Stage) -> Trouble:
    """The cache loses most of its keys, and the database has to answer what it held."""
    application = stage.base.application
    name = stage.pick(list(application.caches))
    keeps = _keeps(stage, name)
    node = f"{name}-001"
    if stage.rng.random() < 0.5:
        changes: list[Change] = [
            Turn(stage.onset, name, "keeps", keeps),
            Turn(stage.onset, name, "evicts", 1 - application.caches[name].memory_used),
        ]
        return Trouble(Truth(name, "cache_stampede"), tuple(changes))
    request = {"cacheClusterId": node, "cacheNodeIdsToReboot": ["0001"]}
    resources = (("AWS::ElastiCache::CacheCluster", node),)
    text = "Cache node 0001 restarted"
    changes = [
        Call(
            stage.onset - 40,
            "RebootCacheCluster",
            "elasticache.amazonaws.com",
            somebody(stage.rng),
            request,
            resources,
        ),
        Note(stage.onset, Happening(stage.onset, "elasticache", node, text)),
        Turn(stage.onset, name, "keeps", 0.0),
        # What is read back expires or is lost again while every reader waits for the database.
        Turn(stage.onset + 60, name, "keeps", keeps),
    ]
    return Trouble(Truth(name, "cache_stampede"), tuple(changes))


def _keeps(stage: Stage, cache: str) -> float:
    """How many keys may stay for the database to be asked for more than it can do."""
    application, wanted = stage.base.application, stage.between(0.9, 1.05)
    database = next(iter(application.databases.values()))
    ceiling = database.vcpus / (database.cpu_ms / 1000)
    asked = 0.0
    for name in application.callers(cache):
        spec = application.services[name]
        edge = spec.edges[cache]
        calls = sum(r.share * r.calls.get(cache, 0) for r in spec.routes) / sum(r.share for r in spec.routes)
        cost = spec.edges[edge.on_miss].cost if edge.on_miss else 0
        asked += stage.rate(name) * calls * cost
    return max(0.02, 1 - wanted * ceiling * 0.8 / asked * stage.strength)


def consumer_stopped(stage: Stage) -> Trouble:
    """A consumer was scaled to nothing, switched off, or hangs: messages stay where they are."""
    application = stage.base.application
    queue = stage.pick(list(application.queues))
    service = application.consumer(queue)
    stage.taken.add(service)
    truth = Truth(service, "consumer_stopped")
    if application.services[service].runs_on == "lambda":
        call = Call(
            stage.onset - 2,
            "UpdateEventSourceMapping20150331",
            "lambda.amazonaws.com",
            somebody(stage.rng),
            {"functionName": service, "enabled": False},
            (("AWS::Lambda::Function", service),),
        )
        return Trouble(truth, (call, Turn(stage.onset, service, "stuck", 1.0)))
    if stage.rng.random() < 0.5:
        return Trouble(
            truth, (Deploy(stage.onset - 6, service, somebody(stage.rng), desired=0, harmful=True),)
        )
    return Trouble(truth, (Turn(stage.onset, service, "stuck", 1.0),))
