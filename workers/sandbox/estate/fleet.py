"""The services: deployments that roll out over some seconds, tasks that start, stop and are replaced.

A task stands for whatever runs a service: a container on ECS, an instance of an Auto Scaling group on EC2.
"""

from collections.abc import Callable

from workers.sandbox.estate.agenda import Agenda
from workers.sandbox.estate.names import Names, digest, fraction, number
from workers.sandbox.estate.tasks import Deployment, ServiceState, Task
from workers.sandbox.estate.zones import next_zone

STARTING = 8.0
"""Seconds until a new task is running and registered with its target group."""
DRAINING = 5.0
SETTLING = 3.0
REPLACING = 22.0
RETRIED = 36.0
"""Seconds until a task that could not be placed is tried again."""
LIVES = {"exit": 9.0, "unhealthy": 34.0}
"""Seconds for which a task runs that will never serve: until it gives up, or until it is given up."""
RESTARTING, COLD = 11.0, 0.8
"""Seconds until a process is up again that systemd restarts, and until a function has started cold."""
STOPPED_SHOWN = 3600.0


class Fleet:
    """All the services of an application."""

    def __init__(
        self,
        names: Names,
        seed: int,
        agenda: Agenda,
        balanced: frozenset[str],
        restarted: frozenset[str] = frozenset(),
        functions: frozenset[str] = frozenset(),
    ) -> None:
        """Nothing runs yet; `settle` puts a service in place.

        `balanced` services stand behind a balancer, `restarted` ones are brought back where they died; of
        `functions` a task is an execution environment.
        """
        self.names, self.seed, self.agenda, self.balanced = names, seed, agenda, balanced
        self.restarted, self.functions = restarted, functions
        self.services: dict[str, ServiceState] = {}
        self.flaw: Callable[[str, int], str] = lambda _service, _revision: ""
        """Why tasks of a revision never serve."""
        self.placeable: Callable[[str], bool] = lambda _service: True
        """Whether there is capacity for another task of a service."""
        self.closed: Callable[[str], frozenset[str]] = lambda _service: frozenset()
        """Zones in which no task of a service is placed now."""
        self._tasks = 0

    def settle(self, name: str, revision: int, tasks: int, since: float) -> None:
        """Put a service in place that was last deployed at `since`."""
        deployment = Deployment(self._deployment_id(name, since), revision, tasks, since, since + 90)
        created = since - 86400 * (40 + number(200, self.seed, name))
        state = ServiceState(name, tasks, created, [deployment], rollouts=[deployment])
        self.services[name] = state
        for nth in range(tasks):
            self._placed(state, since + 11.0 + nth * 2.3, deployment)
        state.say(since + 92, "has reached a steady state.")

    def update(self, name: str, at: float, revision: int, desired: int, force: bool = False) -> Deployment:
        """UpdateService: give back the deployment that is now wanted. Nothing happens if nothing changes."""
        state = self.services[name]
        if revision == state.primary.revision and not force:
            self._scale(state, at, desired)
            return state.primary
        state.desired = desired
        for old in state.deployments:
            old.status, old.updated = "ACTIVE", at
        fresh = Deployment(self._deployment_id(name, at), revision, desired, at, at, state="IN_PROGRESS")
        state.deployments.insert(0, fresh)
        state.rollouts.append(fresh)
        if name in self.functions:
            self._switch(state, fresh, at)
            return fresh
        self.agenda.plan(at + 1.0, lambda now: self._start(state, fresh, now))
        self.agenda.plan(at + 1.0 + STARTING + SETTLING, lambda now: self._hand_over(state, fresh, now))
        return fresh

    def kill(self, task: Task, at: float, exit_code: int, reason: str) -> None:
        """A task dies; another takes its place after a while, or a new process in the same place."""
        state = self.services[task.service]
        if task.service in self.restarted | self.functions:
            task.restarts.append((at, at + (COLD if task.service in self.functions else RESTARTING)))
            task.leaked_kb = 0.0
            return
        self._end(task, at, 0.0, "EssentialContainerExited", "Essential container in task exited")
        task.exit_code, task.exit_reason = exit_code, reason
        self._deregistered(state, [task], at + 1)
        self.agenda.plan(at + REPLACING - STARTING, lambda now: self._top_up(state, now))

    def reclaim(self, name: str, at: float, left: int) -> None:
        """Spot capacity is taken back: all tasks but so many end within moments."""
        state = self.services[name]
        lost = [task for task in state.tasks if task.stopping is None][left:]
        for task in lost:
            self._end(task, at, 2.0, "SpotInterruption", "Your Spot Task was interrupted.")
        self._deregistered(state, lost, at + 1)
        self.agenda.plan(at + REPLACING - STARTING, lambda now: self._top_up(state, now))

    def unhealthy(self, name: str, start: float, end: float, zone: str = "") -> float:
        """How many tasks ran in [start, end) and did not pass their health check, on average."""
        there = [task for task in self.services[name].tasks if zone in ("", task.zone)]
        return sum(task.out_of_service(start, end) for task in there)

    def impaired(self, name: str, at: float) -> int:
        """How many hosts of a service were impaired at this time."""
        there = self.services[name].running(at)
        return sum(task.impaired is not None and task.impaired <= at for task in there)

    def unanswered(self, name: str, revision: int, start: float, end: float) -> float:
        """The share of a revision's requests in [start, end) that went to a host which does not answer."""
        mine = [task for task in self.services[name].tasks if task.revision == revision]
        there = sum(task.present(start, end) for task in mine)
        return sum(task.unanswered(start, end) for task in mine) / there if there else 0.0

    def groups(self, name: str, start: float, end: float) -> dict[int, float]:
        """How many tasks of each revision took requests in [start, end), on average."""
        found: dict[int, float] = {}
        for task in self.services[name].tasks:
            share = task.present(start, end)
            if share > 0:
                found[task.revision] = found.get(task.revision, 0.0) + share
        return found

    # ---- how a rollout goes ----

    def _switch(self, state: ServiceState, deployment: Deployment, at: float) -> None:
        """A function answers with another version from one request to the next: nothing drains."""
        self._shrink(state, 0, at)
        state.tasks += [self._task(state, at, deployment) for _ in range(deployment.desired)]
        state.deployments, deployment.state = [deployment], "COMPLETED"

    def _shrink(self, state: ServiceState, left: int, at: float) -> None:
        """Environments end without a word."""
        for task in [task for task in state.tasks if task.stopping is None][left:]:
            self._end(task, at, 0.0, "", "")

    def _start(self, state: ServiceState, deployment: Deployment, at: float) -> None:
        if deployment is not state.primary:
            return
        missing = deployment.desired - len([t for t in state.tasks if self._belongs(t, deployment, at)])
        if missing <= 0:
            return
        if not self.placeable(state.name):
            reason = (
                "Capacity is unavailable at this time. Please try again later or in a different availability"
            )
            state.say(at + 1, f"was unable to place a task. Reason: {reason} zone.")
            state.refused.append(at)
            self.agenda.plan(at + RETRIED, lambda now: self._start(state, deployment, now))
            return
        fresh = [self._placed(state, at, deployment) for _ in range(missing)]
        listed = " ".join(f"(task {task.id})" for task in fresh)
        state.say(at + 1.2, f"has started {missing} tasks: {listed}.")
        if state.name in self.balanced:
            group = self.names.target_group(state.name)
            ready = max(task.started for task in fresh)
            self.agenda.plan(
                ready, lambda now: state.say(now, f"registered {missing} targets in (target-group {group})")
            )
        if fresh[0].flaw:
            end = max(task.started for task in fresh) + LIVES[fresh[0].flaw]
            self.agenda.plan(end, lambda now: self._give_up(state, deployment, fresh, now))

    def _give_up(self, state: ServiceState, deployment: Deployment, fresh: list[Task], at: float) -> None:
        """Tasks that never served end, and others like them are started, more slowly each time."""
        mine = [task for task in fresh if task.stopping is None]
        if not mine:
            return
        group, flaw = self.names.target_group(state.name), mine[0].flaw
        code, reason = "EssentialContainerExited", "Essential container in task exited"
        if flaw == "unhealthy":
            code, reason = (
                "ServiceSchedulerInitiated",
                f"Task failed ELB health checks in (target-group {group})",
            )
            failed = "due to (reason Health checks failed with these codes: [503])."
            for task in mine:
                state.say(
                    at - 1, f"(port 8080) is unhealthy in (target-group {group}) {failed} (task {task.id})"
                )
        for task in mine:
            self._end(task, at, 0.0, code, reason)
            task.exit_code = 1 if flaw == "exit" else 143
        self._deregistered(state, mine, at + 0.5)
        deployment.failed += len(mine)
        deployment.updated = at
        if deployment.failed > len(mine):
            state.say(at + 1, "is unable to consistently start tasks successfully.")
        self.agenda.plan(at + 4 + 2 * deployment.failed, lambda now: self._start(state, deployment, now))

    def _hand_over(self, state: ServiceState, deployment: Deployment, at: float) -> None:
        """The new tasks are healthy: stop those of earlier deployments and complete."""
        if deployment is state.primary and not [t for t in state.tasks if self._belongs(t, deployment, at)]:
            self.agenda.plan(at + RETRIED, lambda now: self._hand_over(state, deployment, now))
            return
        if deployment is not state.primary or self.flaw(state.name, deployment.revision):
            return
        old = [t for t in state.tasks if t.deployment != deployment.id and t.stopping is None]
        if old:
            state.say(at, f"has begun draining connections on {len(old)} tasks.")
            self._deregistered(state, old, at)
        for task in old:
            reason = f"Scaling activity initiated by (deployment {deployment.id})"
            self._end(task, at, DRAINING, "ServiceSchedulerInitiated", reason)
        self.agenda.plan(at + DRAINING, lambda now: self._complete(state, deployment, old, now))

    def _complete(self, state: ServiceState, deployment: Deployment, old: list[Task], at: float) -> None:
        if deployment is not state.primary:
            return
        if old:
            listed = " ".join(f"(task {task.id})" for task in old)
            state.say(at, f"has stopped {len(old)} running tasks: {listed}.")
        state.deployments = [deployment]
        deployment.state, deployment.updated = "COMPLETED", at + 1
        state.say(at + 1, f"(deployment {deployment.id}) deployment completed.")
        state.say(at + 1.5, "has reached a steady state.")

    def _scale(self, state: ServiceState, at: float, desired: int) -> None:
        if desired == state.desired:
            return
        state.desired = state.primary.desired = desired
        state.primary.updated = at
        if state.name in self.functions:
            self._shrink(state, desired, at)
            there = sum(task.stopping is None for task in state.tasks)
            state.tasks += [self._task(state, at, state.primary) for _ in range(desired - there)]
            return
        mine = [t for t in state.tasks if self._belongs(t, state.primary, at)]
        surplus = mine[desired:]
        if surplus:
            self._deregistered(state, surplus, at + 1)
            reason = f"Scaling activity initiated by (deployment {state.primary.id})"
            for task in surplus:
                self._end(task, at + 1, DRAINING, "ServiceSchedulerInitiated", reason)
            listed = " ".join(f"(task {task.id})" for task in surplus)
            self.agenda.plan(
                at + 6, lambda now: state.say(now, f"has stopped {len(surplus)} running tasks: {listed}.")
            )
        self.agenda.plan(at + 1, lambda now: self._start(state, state.primary, now))
        self.agenda.plan(at + STARTING + 5, lambda now: state.say(now, "has reached a steady state."))

    def _top_up(self, state: ServiceState, at: float) -> None:
        self._start(state, state.primary, at)

    def _belongs(self, task: Task, deployment: Deployment, at: float) -> bool:
        return task.deployment == deployment.id and task.stopping is None and task.created <= at

    def _deregistered(self, state: ServiceState, tasks: list[Task], at: float) -> None:
        if state.name in self.balanced:
            group = self.names.target_group(state.name)
            state.say(at, f"deregistered {len(tasks)} targets in (target-group {group})")

    def _end(self, task: Task, at: float, drain: float, code: str, reason: str) -> None:
        task.stopping, task.stopped = at, at + drain
        task.stop_code, task.stop_reason = code, reason
        task.exit_code = 0 if drain else None

    def _placed(self, state: ServiceState, at: float, deployment: Deployment) -> Task:
        """A new task in the zone that has the fewest of its deployment."""
        task = self._task(state, at, deployment)
        beside = [t for t in state.tasks if t.deployment == deployment.id and t.stopping is None]
        task.zone = next_zone(self.seed, state.name, beside, self.closed(state.name))
        state.tasks.append(task)
        return task

    def _task(self, state: ServiceState, at: float, deployment: Deployment) -> Task:
        self._tasks += 1
        name = digest(self.seed, state.name, "task", self._tasks, round(at))[:32]
        ready = at + (0.0 if state.name in self.functions else STARTING + 2 * fraction(name, "start"))
        flaw = self.flaw(state.name, deployment.revision)
        return Task(name, state.name, deployment.revision, at, ready, deployment.id, flaw=flaw)

    def _deployment_id(self, name: str, at: float) -> str:
        return f"ecs-svc/{number(9 * 10**18, self.seed, name, 'deployment', round(at * 10)) + 10**18}"
