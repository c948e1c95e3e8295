"""Questions that are no incident, as people ask them; reports of something wrong are none."""

import pytest

from workers.domain.question import Question, read

OPEN = Question(topic="open")


@pytest.mark.parametrize(
    ("text", "question"),
    [
        ("what's running in prod?", Question(topic="running", what="prod")),
        ("list all services", Question(topic="running")),
        ("What changed in the last hour?", Question(topic="changed")),
        (
            "what changed in checkout in the last 6 hours",
            Question(topic="changed", what="checkout", minutes=360),
        ),
        ("any recent deployments today?", Question(topic="changed", minutes=1440)),
        ("which alarms are firing?", Question(topic="alarms")),
        ("any alerts", Question(topic="alarms")),
        ("is checkout healthy?", Question(topic="health", what="checkout")),
        ("is the orders queue healthy?", Question(topic="watch", what="orders queue")),
        ("how is table orders doing?", Question(topic="watch", what="table orders")),
        ("are our queues ok?", Question(topic="watch", what="queues")),
        ("is the database ok?", Question(topic="health", what="database")),
        ("who changed bucket invoices?", Question(topic="changed", what="bucket invoices", minutes=1440)),
        ("How is the payments service doing?", Question(topic="health", what="payments")),
        ("what does storefront depend on?", Question(topic="needs", what="storefront")),
        ("who calls shop-db?", Question(topic="needs", what="shop-db")),
        ("is there a runbook for a full disk?", Question(topic="runbook", what="full disk")),
        ("how do I restart the importer?", Question(topic="runbook")),
        (
            "Show me all S3 buckets and Lambda functions",
            Question(topic="estate", what="s3 buckets and lambda functions"),
        ),
        ("how many queues do we have?", Question(topic="estate", what="queues")),
        ("list our load balancers", Question(topic="estate", what="load balancers")),
        ("what did we spend?", Question(topic="cost", minutes=10080)),
        ("What did we spend on AWS in the last 30 days", Question(topic="cost", minutes=43200)),
        ("why did our cost go up in the last week?", Question(topic="cost", minutes=10080)),
        ("why has the AWS bill risen in the past month?", Question(topic="cost", minutes=43200)),
        ("how much does AWS cost us?", Question(topic="cost", minutes=10080)),
        ("what changed in the last 2 weeks?", Question(topic="changed", minutes=20160)),
        ("why did orders restart twice yesterday?", OPEN),
        ("Which service has the highest error rate?", OPEN),
        ("how many tasks of checkout run now?", OPEN),
        ("did anyone deploy to checkout today?", OPEN),
        ("and when was the last failover?", OPEN),
    ],
)
def test_questions_are_read(text: str, question: Question) -> None:
    assert read(text) == question


@pytest.mark.parametrize(
    "text",
    [
        "checkout is slow",
        "users cannot pay since 10:02",
        "ALARM: checkout 5xx",
        "is checkout slow because of the deployment at 10:02?",
        "why is checkout slow?",
        "",
        "what's running " + "x" * 300,
        "what's wrong with checkout?",
        "what is going on?",
        "why are users getting 500s?",
        "did the deployment break checkout?",
        "how do you know?",
        "which service has the highest error rate",
        "are payments going through?",
        "show me why checkout is slow",
        "list the errors of checkout",
    ],
)
def test_what_is_wrong_is_no_question(text: str) -> None:
    assert read(text) is None


def test_what_follows_an_answer_is_a_question_unless_it_reports_trouble() -> None:
    assert read("and of catalog?") is None
    assert read("and of catalog?", follows=True) == OPEN
    assert read("is checkout slow again?", follows=True) is None
    assert read("thanks", follows=True) is None
