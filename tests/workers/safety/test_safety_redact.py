"""Every text of an answer is cleaned, quickly and once; what is no secret stays readable."""

import time
from typing import Any

import pytest

from tests.workers import making
from tests.workers.safety.hostile import CANARY
from tests.workers.safety.planted import OURS, planted
from workers.domain.call import HappeningData, LogData, SeriesData, StateData
from workers.domain.telemetry import Happening, LogPattern
from workers.hiding import HIDDEN, redacted
from workers.safety.redact import LONGEST, clean, plain, scrubbed
from workers.tools.templates import Line, mined


@pytest.mark.parametrize(
    "text",
    [
        "arn:aws:secretsmanager:us-east-1:123456789012:secret:shop/db-AbCdEf",
        "arn:aws:ecs:us-east-1:123456789012:task-definition/token-service:42",
        "access denied: secretsmanager:GetSecretValue on shop/db",
        "Grant secretsmanager:GetSecretValue to arn:aws:iam::123456789012:user/runbook-worker.",
        "token-service:42 was deployed to token-service",
        "auth-token:7 was deployed to auth-token at 11:42 UTC, 2 minutes before the onset",
        "secret-rotator: connection refused",
        "max_tokens: 4096, tokens: 512",
        "SyntaxError: Unexpected token: end of input",
        "KeyError: 'api_key'",
        "Set SLACK_BOT_TOKEN: api.slack.com/apps, your app",
        "no password was given",
        "Basic authentication is required",
        "commit 3f786850e387550fdab836ed7e6dc881de23001b",
        "image 123456789012.dkr.ecr.us-east-1.amazonaws.com/shop/checkout@sha256:" + "ab" * 32,
        "request_id=6f1d2c3b-1111-4222-8333-abcdefabcdef took 4.1 s",
        "https://shop-db.internal:5432/shop?user=a&mail=b@example.com",
        "http://catalog.shop.internal:8080/items",
        "(service checkout) has started 1 tasks: (task 0f3c2b1a9d8e7f6a5b4c3d2e1f0a9b8c).",
        "environment.DB_PASSWORD differs",
        "OutOfMemoryError: container killed due to memory usage (exit code 137)",
        "app/shop/50dc6c495c0c9188",
        "2026-03-04T12:00:00Z ERROR pool exhausted: 20 of 20 connections in use",
    ],
)
def test_what_is_no_secret_stays_as_it_is(text: str) -> None:
    assert redacted(text) == text


def test_what_says_which_secret_it_was_stays() -> None:
    said = redacted("postgres://app:hunter22@shop-db/shop and DB_PASSWORD=hunter22 and user=app")

    assert said == f"postgres://app:{HIDDEN}@shop-db/shop and DB_PASSWORD={HIDDEN} and user=app"


@pytest.mark.parametrize(
    "hostile",
    [
        "a-" * 100_000,
        "=:" * 100_000,
        "token" * 40_000,
        "a://" * 50_000,
        "\\" * 200_000,
        "-----BEGIN " * 20_000,
        "eyJ" * 60_000,
        "password " * 20_000,
        "'" * 200_000,
    ],
)
def test_hostile_text_is_read_in_a_moment(hostile: str) -> None:
    started = time.process_time()

    redacted(hostile)

    assert time.process_time() - started < 2


def test_password_of_digits_is_no_revision() -> None:
    assert redacted("password:90210") == f"password:{HIDDEN}"


def test_every_text_of_an_answer_is_cleaned_and_numbers_are_left_alone() -> None:
    secret = planted("JSON web token", OURS["JSON web token"], "in a line")[1].text
    pattern = LogPattern(
        service="checkout",
        template=f"refused {secret}",
        level="error",
        count=7,
        before=0,
        seconds=600.0,
        before_seconds=600.0,
        example=f"refused {secret}",
        source="logs:checkout",
    )
    happening = Happening(at=making.NOON, service="checkout", kind="other", text=secret, source="ecs")
    state = StateData(state={"desiredCount": 3, "password": "hunter2", "nested": [{"api_key": "hunter2"}]})

    logs, happenings, facts = (
        clean(LogData(patterns=(pattern,), lines=7)),
        clean(HappeningData(happenings=(happening,))),
        clean(state),
    )

    assert secret not in logs.model_dump_json() + happenings.model_dump_json()
    assert isinstance(logs, LogData)
    assert (logs.lines, logs.patterns[0].count) == (7, 7)
    assert facts == StateData(state={"desiredCount": 3, "password": HIDDEN, "nested": [{"api_key": HIDDEN}]})


def test_half_a_character_of_cut_json_can_be_stored() -> None:
    line = Line(at=making.NOON, text='{"level": "error", "message": "cut \\ud83d"}', stream="a")

    (found,) = mined([line]).values()

    assert found.model_dump_json()


@pytest.mark.parametrize(
    ("told", "shown"),
    [
        (
            {"environment": [{"name": "DB_PASSWORD", "value": "hunter2"}, {"name": "PORT", "value": "8080"}]},
            {"environment": [{"name": "DB_PASSWORD", "value": HIDDEN}, {"name": "PORT", "value": "8080"}]},
        ),
        (
            {"ParameterKey": "ApiKey", "ParameterValue": "hunter2"},
            {"ParameterKey": "ApiKey", "ParameterValue": HIDDEN},
        ),
        (
            {"kind": "Secret", "metadata": {"name": "shop"}, "data": {"host": "aHVudGVyMg=="}},
            {"kind": "Secret", "metadata": {"name": "shop"}, "data": {"host": HIDDEN}},
        ),
        ({"secrets": [{"name": "A", "valueFrom": "arn"}]}, {"secrets": [{"name": "A", "valueFrom": "arn"}]}),
        ({"password=hunter2": 1}, {f"password={HIDDEN}": 1}),
        ({"secret_name": "shop/db", "password": None}, {"secret_name": "shop/db", "password": None}),
    ],
)  # fmt: skip
def test_what_is_called_a_secret_is_hidden(told: object, shown: object) -> None:
    assert scrubbed(told) == shown


def test_text_that_a_tool_answers_has_an_end_and_nothing_invisible_in_it() -> None:
    said = "fi\u200bne\u202e \U000e0041\U000e0042" + "a " * 40_000
    data = StateData(state={"note": said, "tags": [said]})

    cleaned = clean(data)

    assert isinstance(cleaned, StateData)
    state: Any = cleaned.state
    for text in (state["note"], state["tags"][0]):
        assert text.startswith("fine a a ")
        assert text.endswith("… (the rest was cut off)")
        assert LONGEST < len(text) < LONGEST + 40


def test_secret_at_the_cut_is_hidden_whole() -> None:
    text = "a " * (LONGEST // 2 - 8) + CANARY + " and more " * 50

    assert CANARY[:12] not in plain(text)


def test_names_in_series_are_cleaned_and_their_points_are_the_same() -> None:
    one = making.series([1.0, None, 3.0], service="check\u200bout").model_copy(
        update={"metric": f"{CANARY}\u202e"}
    )

    cleaned = clean(SeriesData(series=(one,)))

    assert isinstance(cleaned, SeriesData)
    (shown,) = cleaned.series
    assert (shown.service, shown.metric, shown.values) == ("checkout", "[hidden]", one.values)
