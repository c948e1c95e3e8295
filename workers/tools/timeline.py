"""What changed, as one timeline: CloudTrail's record, and deployments as those tell them that make them.

A change that several tell is told once, with what each knows of it: the revision, the commit, who it was.
"""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from datetime import timedelta
from functools import partial

from workers.domain.call import ChangeData, Gap
from workers.domain.risk import Risk
from workers.domain.telemetry import Change
from workers.domain.window import Window
from workers.tools import codedeploy, commits, hosting, pipelines, rollouts, stacks, trail
from workers.tools.action import Answer, Toolset, action
from workers.tools.guarded import guarded
from workers.tools.inventory import Account
from workers.tools.metering import Counted
from workers.tools.told import Told

# The same deployment, told by two systems, carries two times.
SAME = timedelta(minutes=3)

# A step of a pipeline has begun within so long what it waits for.
BEGUN = timedelta(hours=1)

# What another system may know of the same change, in the order in which it is asked for.
COMPLETED = ("before", "after", "actor", "commit", "link")

Source = Callable[[Account, Window, list[Gap]], list[Told]]


def _plain(read: Callable[[Account, Window], list[Change]]) -> Source:
    return lambda account, window, _: [Told(change=change) for change in read(account, window)]


def _recorded(account: Account, window: Window, gaps: list[Gap]) -> list[Told]:
    return [Told(change=change) for change in trail.recorded(account, window, gaps)]


# What is told first gives a change its words; CloudTrail knows who it was.
SOURCES: tuple[tuple[str, Source], ...] = (
    ("the CloudTrail record", _recorded),
    ("ECS deployments", _plain(rollouts.ecs)),
    ("instance refreshes", _plain(rollouts.autoscaling)),
    ("versions of functions", _plain(rollouts.functions)),
    ("CodeDeploy deployments", codedeploy.deployments),
    ("CloudFormation stacks", stacks.updates),
    ("Amplify deployments", hosting.amplify),
    ("App Runner deployments", hosting.apprunner),
    ("pipelines", pipelines.steps),
)


@action(risk=Risk.READ, answers="changes", name="changes")
def aws_changes(account: Account, window: Window) -> Answer:
    """Deployments, pipelines, configuration, scaling, access and alarm changes in a window, oldest first."""
    gaps: list[Gap] = []
    with Counted() as counted, ThreadPoolExecutor(len(SOURCES), thread_name_prefix="changes") as pool:
        asked = [
            pool.submit(copy_context().run, guarded, what, partial(read, account, window, gaps), gaps)
            for what, read in SOURCES
        ]
        told: list[Told] = [one for each in asked for one in each.result()]
        changes = sorted(merged(told), key=lambda change: change.at)
        changes = commits.completed(account, changes, gaps)
    return Answer(
        data=ChangeData(changes=tuple(changes)), source="changes", gaps=tuple(gaps), cost=counted.calls
    )


TOOLSET = Toolset(name="timeline", actions=(aws_changes,))


def merged(told: Iterable[Told]) -> list[Change]:
    """Each change once, in the words of whoever told it first, completed by what the others know."""
    kept: list[Told] = []
    for one in told:
        known = [index for index, other in enumerate(kept) if _same(other, one)]
        for index in known:
            kept[index] = _completed(kept[index], one)
        if not known:
            kept.append(one)
    return [one.change for one in kept]


def _same(known: Told, one: Told) -> bool:
    first, second = known.change, one.change
    if one.begins and one.begins == known.run:
        return abs(second.at - first.at) <= BEGUN
    # A stack says that it altered a service and not what of it; whoever says what tells the same.
    alike = first.kind == second.kind or (second.source == stacks.SOURCE and first.kind != "alarm")
    revisions = {first.after, second.after} - {""}
    near = abs(second.at - first.at) <= SAME
    return first.service == second.service and alike and near and len(revisions) < 2


def _completed(known: Told, one: Told) -> Told:
    more = {name: getattr(one.change, name) for name in COMPLETED if not getattr(known.change, name)}
    if one.begins == known.run != "":
        more = {name: more[name] for name in ("actor", "commit") if name in more}
    elif more.get("after"):
        more["summary"] = one.change.summary
    # What a deployment's own system tells is weighed, whatever the record alone would be.
    more["system"] = known.change.system if one.change.system else ""
    change = known.change.model_copy(update=more)
    return known.model_copy(update={"change": change, "run": known.run or one.run})
