"""Who Runbook is in AWS, asked of a stand-in of STS that takes what botocore's model of it says."""

import json
import threading
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs

import pytest

from workers.domain.errors import AccessDenied, SettingsError
from workers.settings import Identity, Role
from workers.tools import identity
from workers.tools.aws import Aws
from workers.tools.permissions import Who, session_policy

ROLE = "arn:aws:iam::111111111111:role/runbook"
NAMESPACE = 'xmlns="https://sts.amazonaws.com/doc/2011-06-15/"'
OURS = Identity.model_validate({"access_key_id": "AKIA" + "A" * 16, "secret_access_key": "s" * 40})


@dataclass
class Sts:
    """Gives roles for `lasts` to whoever tells the right `external` id; `asked` are the requests for one."""

    url: str = ""
    external: str = ""
    lasts: timedelta = timedelta(hours=1)
    asked: list[dict[str, str]] = field(default_factory=list[dict[str, str]])

    def answer(self, body: dict[str, str], key: str) -> tuple[int, str]:
        if body["Action"] == "GetCallerIdentity":
            arn = f"arn:aws:sts::111111111111:assumed-role/runbook/{key}"
            inside = f"<Arn>{arn}</Arn><UserId>x</UserId><Account>111111111111</Account>"
            return 200, _reply("GetCallerIdentity", inside)
        self.asked.append(body)
        if self.external and body.get("ExternalId") != self.external:
            why = f"User: arn:aws:iam::2:user/r is not authorized to perform: sts:AssumeRole on {ROLE}"
            return 403, (
                f"<ErrorResponse {NAMESPACE}><Error><Type>Sender</Type><Code>AccessDenied</Code>"
                f"<Message>{why}</Message></Error><RequestId>1</RequestId></ErrorResponse>"
            )
        ends = datetime.now(UTC) + self.lasts
        inside = (
            f"<Credentials><AccessKeyId>ASIA{len(self.asked):016}</AccessKeyId><SecretAccessKey>s</SecretAccessKey>"
            f"<SessionToken>t</SessionToken><Expiration>{ends:%Y-%m-%dT%H:%M:%SZ}</Expiration></Credentials>"
            f"<AssumedRoleUser><Arn>{ROLE}</Arn><AssumedRoleId>x</AssumedRoleId></AssumedRoleUser>"
        )
        return 200, _reply("AssumeRole", inside)


def _reply(action: str, inside: str) -> str:
    return (
        f"<{action}Response {NAMESPACE}><{action}Result>{inside}</{action}Result>"
        f"<ResponseMetadata><RequestId>1</RequestId></ResponseMetadata></{action}Response>"
    )


@contextmanager
def serving() -> Generator[Sts]:
    sts = Sts()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            raw = self.rfile.read(int(self.headers["Content-Length"])).decode()
            body = {key: values[0] for key, values in parse_qs(raw).items()}
            key = self.headers["Authorization"].partition("Credential=")[2].partition("/")[0]
            status, text = sts.answer(body, key)
            self.send_response(status)
            self.send_header("Content-Type", "text/xml")
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    sts.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield sts
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture
def sts() -> Iterator[Sts]:
    with serving() as one:
        yield one


def looking(sts: Sts, role: Role, who: Who | None = "worker") -> Aws:
    session = identity.within(OURS, role, "us-east-1", who=who, endpoint_url=sts.url)
    return Aws(session, "us-east-1", endpoint_url=sts.url)


def test_a_role_of_another_account_is_asked_for_with_what_its_owner_wants_to_be_told(sts: Sts) -> None:
    sts.external = "agreed"

    aws = looking(sts, Role(role_arn=ROLE, external_id="agreed"))

    assert aws.who() == "arn:aws:sts::111111111111:assumed-role/runbook"
    assert sts.asked[0]["RoleArn"] == ROLE


def test_without_it_the_permission_that_is_missing_is_named(sts: Sts) -> None:
    sts.external = "agreed"

    with pytest.raises(AccessDenied, match="sts:AssumeRole"):
        looking(sts, Role(role_arn=ROLE)).who()


def test_whoever_looks_by_a_role_may_only_read_and_no_data_of_customers(sts: Sts) -> None:
    looking(sts, Role(role_arn=ROLE)).who()

    asked = sts.asked[0]
    assert asked["PolicyArns.member.1.arn"] == "arn:aws:iam::aws:policy/ReadOnlyAccess"
    (denied,) = json.loads(asked["Policy"])["Statement"]
    assert denied["Effect"] == "Deny"
    assert {"s3:GetObject*", "secretsmanager:GetSecretValue", "dynamodb:Scan"} <= set(denied["Action"])


def test_the_executor_may_make_the_changes_of_rows_and_no_others(sts: Sts) -> None:
    looking(sts, Role(role_arn=ROLE), "executor").who()

    allowed = [s for s in json.loads(sts.asked[0]["Policy"])["Statement"] if s["Effect"] == "Allow"]
    assert [one["Sid"] for one in allowed] == ["Change"]
    assert "ecs:UpdateService" in allowed[0]["Action"]
    assert not [action for action in allowed[0]["Action"] if "*" in action or action == "ecs:DeleteService"]


@pytest.mark.parametrize("who", ["worker", "executor"])
def test_a_session_policy_is_no_longer_than_sts_takes(who: Who) -> None:
    assert len(json.dumps(session_policy(who), separators=(",", ":"))) <= 2048


def test_a_role_in_china_is_asked_for_with_the_policy_of_its_own_partition(sts: Sts) -> None:
    looking(sts, Role(role_arn=ROLE.replace("arn:aws:", "arn:aws-cn:"))).who()

    assert sts.asked[0]["PolicyArns.member.1.arn"] == "arn:aws-cn:iam::aws:policy/ReadOnlyAccess"


def test_credentials_are_renewed_before_they_end(sts: Sts) -> None:
    sts.lasts = timedelta(minutes=2)
    aws = looking(sts, Role(role_arn=ROLE))

    for _ in range(3):
        aws.call("sts", "get_caller_identity")

    assert len(sts.asked) == 3  # botocore asks for new ones ten minutes before


def test_credentials_that_last_are_asked_for_once(sts: Sts) -> None:
    aws = looking(sts, Role(role_arn=ROLE))

    for _ in range(3):
        aws.call("sts", "get_caller_identity")

    assert len(sts.asked) == 1


def test_a_role_without_anybody_who_asks_for_it_is_refused_in_words(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))

    with pytest.raises(SettingsError, match=f"who asks for the role {ROLE}"):
        identity.within(Identity(), Role(role_arn=ROLE), "us-east-1")
