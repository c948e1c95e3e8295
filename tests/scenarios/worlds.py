"""Investigating cases of the local cloud without Slack: real boto3, real gate, the real investigator.

`python -m tests.scenarios.worlds --application shop --fault bad_deployment --seeds 1 2` prints a row a case.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from boto3.session import Session

from workers.agent import words
from workers.agent.investigator import Investigator
from workers.agent.reasoner import Reasoner
from workers.agent.rules import RuleReasoner
from workers.agent.sight import Sight
from workers.domain.budget import Budget
from workers.domain.event import Event, IncidentReported
from workers.domain.incident import Incident, Person, Thread
from workers.domain.investigation import Investigation, begun
from workers.safety.gate import Gate
from workers.safety.policy import Policy
from workers.tools import AWS, runbooks
from workers.tools.aws import Aws
from workers.tools.inventory import Account
from workers.tools.runbooks import Library

POLICY = Policy(approvers=("U0BEN",), quorum=1, ttl=timedelta(minutes=15))


@dataclass(frozen=True)
class Cloud:
    """A running local cloud."""

    address: str
    state: Path

    def case(self, **wanted: Any) -> dict[str, Any]:
        return self.ask("/_cloud/case", wanted)

    def ask(self, path: str, body: Any = None) -> Any:
        data = json.dumps(body).encode() if body is not None else None
        request = urllib.request.Request(self.address + path, data, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)

    def aws(self, who: str = "worker") -> Aws:
        keys = dict(
            line.split(" = ") if " = " in line else line.split("=", 1)
            for line in (self.state / f"{who}.credentials").read_text().splitlines()
            if "=" in line
        )
        keys = {key.strip(): value.strip() for key, value in keys.items()}
        session = Session(keys["aws_access_key_id"], keys["aws_secret_access_key"], region_name="us-east-1")
        return Aws(session, "us-east-1", endpoint_url=self.address)


@contextmanager
def cloud(state: Path | None = None) -> Generator[Cloud]:
    """A local cloud in a process of its own, until the block ends."""
    folder = state or Path(tempfile.mkdtemp(prefix="cloud-"))
    command = [sys.executable, "-m", "workers.sandbox", "--port", "0", "--state", str(folder)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=os.environ.get("CLOUD_FOLDER"))
    try:
        assert process.stdout is not None
        yield Cloud(json.loads(process.stdout.readline())["address"], folder)
    finally:
        process.terminate()
        process.wait(10)
        if process.stdout is not None:
            process.stdout.close()


class NoDocuments:
    """A library without a book in it: what is investigated here has to stand without runbooks."""

    def search(self, *_: Any, **__: Any) -> tuple[()]:
        return ()


def now() -> datetime:
    return datetime.now(UTC)


def gate(cloud: Cloud) -> Gate:
    account = Account(cloud.aws())
    return Gate(
        [(toolset, account) for toolset in AWS] + [(runbooks.TOOLSET, Library(NoDocuments(), now))], now
    )


def reported(text: str, at: datetime) -> Investigation:
    incident = Incident(
        text=text,
        source="alert",
        requester=Person(id="U0ALICE", team="T0LOCAL"),
        thread=Thread(team="T0LOCAL", channel="C0INC"),
        at=at,
    )
    return begun(IncidentReported(at=at, investigation="test", incident=incident))


def investigate(cloud: Cloud, text: str, mind: Reasoner | None = None) -> tuple[Investigation, list[Event]]:
    now = datetime.now(UTC)
    mind = mind or RuleReasoner()
    run = Investigator(reported(text, now), mind, gate(cloud), POLICY, Budget(), lambda: datetime.now(UTC))
    events = list(run.run())
    return run.case, events


def told(alert: dict[str, Any]) -> str:
    """An alert as its post reads in Slack."""
    fields = [f"{field['title']}: {field['value']}" for field in alert.get("fields", [])]
    return "\n".join([alert["title"], alert["text"], *fields])


def verdict(case: Investigation, truth: dict[str, Any]) -> tuple[bool, str]:
    """Whether the typed fields of the conclusion are those that were planted."""
    conclusion = case.conclusion
    if conclusion is None or not conclusion.causes:
        return False, conclusion.outcome.value if conclusion else "nothing"
    cause = conclusion.causes[0]
    said = {"service": cause.service, "mode": cause.mode, "revision": cause.revision or None}
    planted = {key: truth.get(key) for key in said}
    return said == planted, " ".join(str(v) for v in said.values())


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--application", nargs="*", default=["shop"])
    parser.add_argument("--fault", nargs="*", default=["bad_deployment"])
    parser.add_argument("--seeds", nargs="*", type=int, default=[1])
    parser.add_argument("--wish", type=json.loads, default={}, help="more of the case, as JSON")
    parser.add_argument("--verbose", action="store_true")
    arguments = parser.parse_args()
    right = total = 0
    with cloud() as running:
        for application in arguments.application:
            for fault in arguments.fault:
                for seed in arguments.seeds:
                    case = running.case(
                        application=application, faults=fault.split("+"), seed=seed, **arguments.wish
                    )
                    truth = running.ask("/_cloud/truth")
                    started = time.monotonic()
                    # A fault too small to set off an alarm is reported by somebody who noticed.
                    text = told(case["alert"]) if case["alert"] else f"{truth['service']} is slow"
                    found, _events = investigate(running, text)
                    ok, said = verdict(found, truth)
                    right, total = right + ok, total + 1
                    sure = found.conclusion.confidence.value if found.conclusion else 0
                    print(
                        f"{'ok ' if ok else 'BAD'} {application} {fault} {seed}: {said} ({sure:.2f})"
                        f" | planted {truth} | {time.monotonic() - started:.1f} s, {found.calls_made} calls",
                        flush=True,
                    )
                    if arguments.verbose or not ok:
                        explain(found)
    print(f"{right} of {total}")


def explain(case: Investigation) -> None:
    if case.facts:
        print("   facts:", case.facts.summary, "| onset", case.facts.since, "±", case.facts.slack)
        for change in case.facts.changes:
            print("   change:", change.at.strftime("%H:%M:%S"), change.summary, change.source)
    sight = Sight(case)
    for resource in sight.topology.resources:
        shifts = [s for key in sight.series if key[0] == resource.name and (s := sight.shift(*key))]
        if shifts:
            print("   moved:", "; ".join(f"{words.moved(s)} [{s.score}]" for s in shifts))
    for h in case.tree.nodes:
        print(f"   {h.status:9} {h.id} {h.prior:.3f} {h.mode} @ {h.where}: {h.statement} -- {h.reason}")
        for e in case.evidence_for(h.id):
            print(f"        {e.role:9} {e.look:10} {e.says:11} {e.strength:6} {e.finding[:150]}")
    if case.conclusion:
        print("   ->", case.conclusion.headline, "|", case.conclusion.summary[:300])
        for gap in case.conclusion.gaps:
            print("   gap:", gap.what, "|", gap.why[:160])


if __name__ == "__main__":
    main()
