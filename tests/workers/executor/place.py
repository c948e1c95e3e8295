"""A ledger, an executor in this process and an estate: changes are asked for and made as in production."""

import json
import sqlite3
from collections.abc import Generator
from contextlib import closing, contextmanager
from itertools import count
from pathlib import Path
from typing import Any

from tests.faults.redis_server import RedisServer
from tests.workers import making
from tests.workers.executor.estate import REGION, Estate, estate, session
from workers import wiring
from workers.domain.approval import Approval, ApprovalState, Vote
from workers.domain.call import ToolCall
from workers.domain.event import ApprovalDecided, ApprovalRequested, ApprovalVoted, RemedyProposed
from workers.domain.incident import Person
from workers.domain.investigation import Investigation
from workers.executor import Hands, Patience, execute
from workers.ledger import Ledger, connect, migrate
from workers.queue import Queue
from workers.safety import approvals
from workers.safety.gate import Gate
from workers.safety.policy import DAY, Policy
from workers.thread.card import card
from workers.tools import AWS
from workers.tools.aws import READ, WRITE, Aws
from workers.tools.inventory import Account
from workers.tools.places import Places

S = ApprovalState
BEN, CARO = making.BEN, Person(id="U0CARO", team="T0LOCAL")
QUICK = Patience(rollout=4, look_every=0.01, read_every=0.1, reads=1, recovery=0.5, settle=0.05)
RULES = Policy(
    approvers=(BEN.id, CARO.id), quorum=1, ttl=DAY, most_changes=10, per_hour=10_000, per_day=10_000
)
_numbers = count(1)


class Place:
    """Where everything happens; each change is of an investigation of its own."""

    def __init__(self, folder: Path, redis: RedisServer, aws: Estate) -> None:
        self._database = folder / "ledger.db"
        url = f"sqlite:///{self._database}"
        migrate(url)
        self.aws, self.ledger = aws, Ledger(connect(url))
        look, change = (Aws(session(), REGION, endpoint_url=aws.url, config=c) for c in (READ, WRITE))
        account = Account(look)
        self.gate = Gate([(toolset, account) for toolset in AWS], wiring.now)
        queue = Queue(redis.url)
        self.hands = Hands(self.ledger, queue, self.gate, Places((Account(change),)), RULES, QUICK)

    def ask(self, call: ToolCall, rules: Policy = RULES) -> Approval:
        """A change that is asked for as a worker asks, in an investigation of its own."""
        now = wiring.now()
        incident = making.incident().model_copy(update={"at": now})
        case = self.ledger.accept(incident, (f"row-{next(_numbers)}",), now).id
        remedy = RemedyProposed(at=now, title="Mend it", call=call, hypothesis="h1", why="it would mend it")
        before = self.gate.run(approvals.reading(call))
        assert before.ok, before.failure
        approval = approvals.request(self.ledger.record(case, remedy), remedy, before, rules, now)
        assert approval is not None
        self.ledger.record(case, ApprovalRequested(at=now, approval=approval))
        return approval

    def approve(self, approval: Approval) -> None:
        """As many people as it takes say yes, with the word where there is one."""
        for person in (BEN, CARO)[: approval.quorum]:
            vote = Vote(person=person, decision="approve", at=wiring.now(), typed=approval.word)
            said = ApprovalVoted(at=vote.at, approval=approval.id, vote=vote)
            self.ledger.record(approval.investigation, said)
        decided = ApprovalDecided(at=wiring.now(), approval=approval.id, state=S.APPROVED)
        self.ledger.record(approval.investigation, decided)

    def take_back(self, made: Approval) -> Approval:
        assert made.rollback is not None
        case, before = self.case(made), self.gate.run(approvals.reading(made.rollback))
        back = approvals.take_back(case, made, making.ALICE, before, RULES, wiring.now())
        assert back is not None
        self.ledger.record(case.id, ApprovalRequested(at=wiring.now(), approval=back))
        return back

    def make(self, approval: Approval) -> Investigation:
        self.approve(approval)
        execute(self.hands, approval.id)
        return self.case(approval)

    def case(self, approval: Approval) -> Investigation:
        return self.ledger.load(approval.investigation)

    def sql(self, statement: str, **values: object) -> None:
        """What somebody who can get at the database can do, past the ledger."""
        with closing(sqlite3.connect(self._database, timeout=15)) as connection, connection:
            connection.execute(statement, values)

    def rewrite(self, approval_id: str, **fields: Any) -> None:
        """An approval with other fields, as the database has it."""
        found = self.ledger.approval(approval_id)
        assert found is not None
        body = {**found.model_dump(mode="json"), **fields, "state": "pending", "votes": []}
        self.sql("UPDATE approvals SET body = :b WHERE id = :i", b=json.dumps(body), i=approval_id)


@contextmanager
def place(folder: Path, redis: RedisServer) -> Generator[Place]:
    with estate() as aws:
        yield Place(folder, redis, aws)


def readings(case: Investigation, approval: Approval) -> list[str]:
    """What was read of the change afterwards, as the record has it."""
    return [q.call.why for q in case.queries.values() if q.approval == approval.id and q.role == "verify"]


def said(case: Investigation, approval: Approval) -> str:
    return str(card(case, case.approval(approval.id)).blocks)
