"""Settings: what is accepted, what is refused and in which words, and who gets to see which secret."""

import re
import sys
from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path

import pytest

from workers.domain.errors import SettingsError
from workers.settings import Process, Settings, load, notices, variables

Write = Callable[[str], Path]

ENOUGH = {
    "SLACK_APP_TOKEN": "xapp-1-secret-app",
    "SLACK_BOT_TOKEN": "xoxb-secret-bot",
    "AWS_REGION": "eu-west-1",
    "RUNBOOK_EXECUTOR_AWS_PROFILE": "changer",
}

PROCESSES: tuple[Process, ...] = ("up", "bot", "worker", "quick", "executor", "clock", "migrate", "health")


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def save(text: str) -> Path:
        path = tmp_path / "config.yaml"
        path.write_text(text, encoding="utf-8")
        return path

    return save


def refused(path: Path | None, environ: Mapping[str, str] = ENOUGH, process: Process = "up") -> str:
    with pytest.raises(SettingsError) as caught:
        load(path, environ, process)
    return str(caught.value)


def secret(settings: Settings, name: str) -> str | None:
    value = getattr(settings.slack, name)
    return value.get_secret_value() if value else None


# What is accepted


def test_the_environment_alone_is_enough(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    settings = load(None, ENOUGH, "up")

    assert secret(settings, "bot_token") == "xoxb-secret-bot"
    assert settings.providers.aws.regions == ("eu-west-1",)
    assert settings.data_dir == tmp_path / ".runbook"
    assert settings.ledger_url == f"sqlite:///{tmp_path}/.runbook/ledger.db"
    assert [source.path for source in settings.knowledge.sources] == [tmp_path / ".runbook/runbooks"]
    assert settings.approvals.ttl == timedelta(minutes=15)


def test_a_default_file_is_found_where_it_usually_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".runbook").mkdir()
    (tmp_path / ".runbook/config.yaml").write_text("approvals: {quorum: 2}")

    assert load(None, ENOUGH, "up").approvals.quorum == 2


def test_the_example_in_the_first_plan_loads_but_for_two_keys_that_name_their_mend(write: Write) -> None:
    plan = write(PLAN)

    said = refused(plan, {**ENOUGH, "PAGERDUTY_API_KEY": "k"})

    assert said.count("config.yaml:") == 2
    assert "config.yaml:26 knowledge.store.embedding_model" in said
    assert "config.yaml:31 safety.require_approval: leaves out low" in said


def test_the_first_plan_without_those_keys_loads_for_every_process(write: Write) -> None:
    kept = re.sub(r"    embedding_model.*\n|  require_approval:\n(    - .*\n)+", "", PLAN)
    plan = write(kept)

    for process in PROCESSES:
        load(plan, {**ENOUGH, "PAGERDUTY_API_KEY": "k"}, process)


@pytest.mark.parametrize(
    "text", ["", "# nothing yet\n", "---\n", "slack:\nllm:\n", "\ufeffllm: {enabled: false}\n"]
)
def test_a_file_that_says_little_is_fine(write: Write, text: str) -> None:
    load(write(text), ENOUGH, "up")


@pytest.mark.parametrize(
    ("written", "length"),
    [("90s", 90), ("15m", 900), ("24h", 86400), ("1h30m", 5400), ("1h 30m", 5400)],
)
def test_a_duration_is_a_number_and_a_unit(write: Write, written: str, length: int) -> None:
    settings = load(write(f"approvals: {{ttl: {written}}}"), ENOUGH, "up")

    assert settings.approvals.ttl.total_seconds() == length


def test_variables_are_filled_in_wherever_text_stands(write: Write) -> None:
    config = write(
        """
        slack: {team_id: "T${TEAM}", watched_channels: ["${ONE}", "${TWO:-C2}"]}
        agent: {max_queries: "${QUERIES}"}
        approvals: {approvers: "${PEOPLE}"}
        environments: {prod: {production: "${PROD:-true}", tags: {price: "$${HOME} $5 ${EMPTY:-}x"}}}
        """
    )
    environ = {"TEAM": "1", "ONE": "C1", "QUERIES": "7", "PEOPLE": "U1, U2", "EMPTY": "", **ENOUGH}

    settings = load(config, environ, "up")

    assert settings.slack.team_id == "T1"
    assert settings.slack.watched_channels == ("C1", "C2")
    assert settings.agent.max_queries == 7
    assert settings.approvals.approvers == ("U1", "U2")
    assert settings.environments["prod"].production
    assert settings.environments["prod"].tags == {"price": "${HOME} $5 x"}


def test_what_a_variable_holds_cannot_become_structure(write: Write) -> None:
    environ = {**ENOUGH, "TEAM": "T1\nllm: {enabled: true}", "HOLDS": "${SLACK_BOT_TOKEN}"}

    settings = load(write("slack: {team_id: '${TEAM}', watched_channels: ['${HOLDS}']}"), environ, "up")

    assert settings.slack.team_id == environ["TEAM"]
    assert settings.slack.watched_channels == ("${SLACK_BOT_TOKEN}",)
    assert settings.llm.enabled is None


def test_a_set_variable_wins_over_the_file_but_a_default_region_does_not(write: Write) -> None:
    config = write("redis_url: redis://file\nproviders: {aws: {regions: [us-east-1, us-west-2]}}")

    settings = load(config, {**ENOUGH, "REDIS_URL": "redis://environment"}, "up")

    assert settings.queue_url == "redis://environment"
    assert settings.providers.aws.regions == ("us-east-1", "us-west-2")


def test_a_path_is_made_absolute_from_home_or_here(write: Write) -> None:
    config = write("data_dir: ~/r\nknowledge: {sources: [{path: docs/../books}], store: {path: /k}}")

    settings = load(config, {**ENOUGH, "HOME": "/home/ada"}, "up")

    assert settings.data_dir == Path("/home/ada/r")
    assert settings.knowledge.sources[0].path == Path.cwd() / "books"
    assert settings.chroma_path == Path("/k")


def test_slack_api_url_gets_the_slash_that_the_client_needs(write: Write) -> None:
    settings = load(write("slack: {api_url: 'http://127.0.0.1:9/api'}"), ENOUGH, "up")

    assert settings.slack.api_url == "http://127.0.0.1:9/api/"


# The bot token's other place


def test_the_bot_token_may_stand_under_incident(write: Write) -> None:
    config = write("incident: {slack: {enabled: true, bot_token: xoxb-other}}")
    environ = {key: value for key, value in ENOUGH.items() if key != "SLACK_BOT_TOKEN"}

    settings = load(config, environ, "up")

    assert secret(settings, "bot_token") == "xoxb-other"
    assert settings.incident.slack.bot_token is None


def test_two_different_bot_tokens_are_a_mistake(write: Write) -> None:
    config = write("incident:\n  slack:\n    bot_token: xoxb-one\nslack:\n  bot_token: xoxb-two\n")
    environ = {key: value for key, value in ENOUGH.items() if key != "SLACK_BOT_TOKEN"}

    said = refused(config, environ)

    assert "config.yaml:3 incident.slack.bot_token: differs from" in said
    assert "config.yaml:5 slack.bot_token" in said
    assert "xoxb-one" not in said


def test_a_switched_off_place_for_the_token_is_not_looked_at(write: Write) -> None:
    settings = load(write("incident: {slack: {enabled: false, bot_token: xoxb-other}}"), ENOUGH, "up")

    assert secret(settings, "bot_token") == "xoxb-secret-bot"


# What is refused


@pytest.mark.parametrize(
    ("text", "place", "mend"),
    [
        ("slak:\n  team_id: T1", "config.yaml:1 slak", "Did you mean slack?"),
        (
            "slack:\n  incident_chanels: []",
            "config.yaml:2 slack.incident_chanels",
            "slack.incident_channels?",
        ),
        ("slack:\n  Bot-Token: xoxb-1", "config.yaml:2 slack.Bot-Token", "Did you mean slack.bot_token?"),
        ("bot_token: xoxb-1", "config.yaml:1 bot_token", "Did you mean"),
        ("agent:\n  zzz: 1", "config.yaml:2 agent.zzz", "The keys here are: max_iterations"),
        (
            "knowledge:\n  sources:\n    - pth: x\n      path: y",
            "config.yaml:3 knowledge.sources[0].pth",
            "path?",
        ),
        (
            "environments:\n  a:\n    prod: true\n    production: true",
            "config.yaml:3 environments.a.prod",
            "production?",
        ),
        (
            "environments:\n  a:\n    regions: []",
            "config.yaml:2 environments.a.production: is missing",
            "say what is",
        ),
        ("agent:\n  max_queries: many", "config.yaml:2 agent.max_queries", "digits only"),
        ("agent:\n  max_queries: 0", "config.yaml:2 agent.max_queries: is out of range", "at least 1"),
        ("agent:\n  max_hypothesis_depth: 9", "config.yaml:2 agent.max_hypothesis_depth", "at most 4"),
        ("slack:\n  auto_join: perhaps", "config.yaml:2 slack.auto_join", "true or false"),
        ("slack:\n  team_id: 12", "config.yaml:2 slack.team_id: expected text", "quotes"),
        ("slack: xoxb-oops", "config.yaml:1 slack: expected a section", "two spaces"),
        ("slack:\n  - a", "config.yaml:1 slack: expected a section", "two spaces"),
        ("slack:\n  app_token: xoxb-1", "(environment) slack.app_token", ""),
        ("llm:\n  provider: openai", "config.yaml:1 llm: openai needs a model", "as its server spells it"),
        ("llm:\n  provider: other", "config.yaml:2 llm.provider", "Write 'anthropic'"),
        (
            "slack:\n  incident_channels:\n    - ok\n    - '['",
            "config.yaml:4 slack.incident_channels[1]",
            "The usual",
        ),
        (
            "providers:\n  aws:\n    regions: [us-east-1, mars]",
            "config.yaml:3 providers.aws.regions[1]",
            "us-east-1",
        ),
        ("approvals:\n  approvers:\n    - ada", "config.yaml:3 approvals.approvers[0]", "Copy member ID"),
        (
            "approvals:\n  approvers: [on-call]",
            "config.yaml:1 approvals: asks for who is on call",
            "on_call.overall",
        ),
        (
            "on_call: {overall: {opsgenie_schedules: [ops]}}",
            "config.yaml:1 on_call: names schedules of opsgenie",
            "incident.opsgenie.enabled",
        ),
        ("break_glass: {people: [U1, U1]}", "config.yaml:1 break_glass: names one person", "name two"),
        ("break_glass: {duration: 9h}", "config.yaml:1 break_glass.duration: is out of range", "8h"),
        ("on_call: {services: {web: {}}}", "config.yaml:1 on_call: says nothing of web", "leave it out"),
        ("approvals:\n  ttl: 15", "config.yaml:2 approvals.ttl", "15m"),
        ("approvals:\n  ttl: 15 parsecs", "config.yaml:2 approvals.ttl", "15m"),
        ("approvals:\n  ttl: 25h", "config.yaml:2 approvals.ttl: is out of range", "between 1m and 24h"),
        ("approvals:\n  allow_self: true", "config.yaml:2 approvals.allow_self", "second approver"),
        (
            "approvals:\n  quorum: 2\n  approvers: [U1, U1]",
            "config.yaml:1 approvals: quorum is larger",
            "lower",
        ),
        (
            "safety:\n  require_approval: []",
            "config.yaml:2 safety.require_approval: leaves out low and high",
            "never",
        ),
        (
            "safety:\n  require_approval: [low, hihg]",
            "config.yaml:2 safety.require_approval: item 2",
            "critical",
        ),
        ("redis_url: localhost:6379", "config.yaml:1 redis_url", "redis://"),
        ("database_url: mysql://x", "config.yaml:1 database_url", "postgresql://"),
        (
            "providers: {aws: {profile: a, executor: {profile: a}}}",
            "config.yaml:1 providers.aws: gives worker",
            "own",
        ),
        (
            "providers: {aws: {executor: {access_key_id: a}}}",
            "config.yaml:1 providers.aws.executor: has one",
            "together",
        ),
        ("a: 1\na: 2", "config.yaml:2: a is written twice", "line 1"),
        (
            "slack:\n  auto_join: true\n  auto_join: false",
            "config.yaml:3: slack.auto_join is written twice",
            "line 2",
        ),
        ("on: 1", "config.yaml:1: has a key that is not a word", "quotes"),
        ("slack:\n\tteam_id: T1", "config.yaml:2: is indented with a tab", "spaces"),
        ("slack: [1, 2", "config.yaml:1: is not YAML", ""),
        ("slack: 'abc", "config.yaml:1: is not YAML", ""),
        ("- a\n- b", "config.yaml:1: expected keys at the top", "slack:"),
        ("just words", "config.yaml:1: expected keys at the top", "slack:"),
        ("a: &x 1\nb: *x", "config.yaml:1: uses an anchor", "quotes"),
        ("slack:\n  bot_token: *abc", "config.yaml:2: uses an anchor or an alias", "quotes"),
        ("slack:\n  bot_token: !abc", "config.yaml:2: uses a tag", "quotes"),
        ("a: 1\n---\nb: 2", "config.yaml:2: starts a second document", "one"),
        ("slack: {team_id: '${}'}", "config.yaml:1: slack.team_id has a `${`", "${NAME}"),
        ("slack: {team_id: '${A'}", "config.yaml:1: slack.team_id has a `${`", "$${"),
        ("slack:\n  team_id: ${TEAM}", "config.yaml:2 slack.team_id: needs TEAM, which is not set", "Set it"),
    ],
)
def test_a_mistake_names_file_line_key_and_mend(write: Write, text: str, place: str, mend: str) -> None:
    environ = {**ENOUGH, "SLACK_APP_TOKEN": "wrong"} if "(environment)" in place else ENOUGH
    environ = (
        {key: value for key, value in environ.items() if "PROFILE" not in key}
        if "executor: {" in text
        else environ
    )

    said = refused(write(text), environ)

    assert place in said
    assert mend in said


def test_all_mistakes_are_said_at_once_in_the_order_of_the_file(write: Write) -> None:
    config = write("agent:\n  max_queries: many\nslak: 1\napprovals:\n  ttl: soon\n  ttl: later\n")

    said = refused(config, {})

    lines = re.findall(r"config.yaml:(\d)", said)
    assert lines == ["2", "3", "5", "6"]
    assert "slack.bot_token: is missing" in said
    assert "slack.app_token: is missing" in said
    assert "providers.aws.regions: names no region" in said


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"a: " + b"x" * 10_000_000, "larger than 256 KB"),
        (b"a: \xff\xfe", "config.yaml:1: is not UTF-8"),
        ("slack: {}".encode("utf-16"), "is not UTF-8"),
        (b"a: 1\nb: \x00", "config.yaml:2: holds a character"),
        (b"a: " + b"[" * 5_000, "nested too deep"),
        (b"a: " + b"[1," * 5_000, "nested too deep"),
        (b"a:\n" + b" - 1\n" * 20_000, "too many values"),
    ],
)
def test_a_file_that_is_no_configuration_is_refused_quickly(
    tmp_path: Path, content: bytes, what: str
) -> None:
    path = tmp_path / "config.yaml"
    path.write_bytes(content)

    assert what in refused(path)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    assert "nowhere.yaml: cannot be read: no such file" in refused(tmp_path / "nowhere.yaml")
    assert "cannot be read: not a file" in refused(tmp_path)


# What matters to whom


def test_each_process_asks_for_what_it_needs_and_nothing_else(write: Write) -> None:
    config = write(
        """
        slack: {app_token: "${APP}", bot_token: "${BOT}"}
        llm: {api_key: "${MODEL}", enabled: true}
        incident:
          pagerduty: {enabled: true, api_key: "${PAGER}"}
          opsgenie: {enabled: false, api_key: "${OPS}"}
        providers:
          aws:
            regions: [us-east-1]
            executor: {access_key_id: "${KEY}", secret_access_key: "${SECRET}"}
        """
    )

    asked: dict[Process, set[str]] = {
        process: set(re.findall(r"needs (\w+)", refused(config, {}, process)))
        for process in PROCESSES
        if process not in ("clock", "migrate", "health")
    }

    assert asked == {
        "up": {"APP", "BOT", "MODEL", "PAGER", "KEY", "SECRET"},
        "bot": {"APP", "BOT"},
        "worker": {"BOT", "MODEL", "PAGER"},
        "quick": {"BOT", "MODEL", "PAGER"},
        "executor": {"KEY", "SECRET"},
    }
    for process in ("clock", "migrate", "health"):
        load(config, {}, process)


def test_what_is_switched_off_needs_nothing(write: Write) -> None:
    config = write("providers: {aws: {enabled: false}}\nllm: {enabled: false, api_key: '${MODEL}'}")

    settings = load(config, {"SLACK_BOT_TOKEN": "xoxb-1", "SLACK_APP_TOKEN": "xapp-1"}, "up")

    assert not settings.llm.active


def test_looking_without_changing_is_a_choice_that_is_said(write: Write) -> None:
    environ = {key: value for key, value in ENOUGH.items() if "EXECUTOR" not in key}
    config = write("providers: {aws: {executor: {enabled: false}}}")

    settings = load(config, environ, "up")

    assert "Changes are switched off" in " ".join(notices(settings))
    assert "providers.aws.executor: names no identity" in refused(None, environ)
    assert "nothing for this process to do" in refused(config, environ, "executor")


def test_without_a_model_key_rules_are_used_and_that_is_said_once(write: Write) -> None:
    config = write("llm: {api_key: '${ANTHROPIC_API_KEY}'}")

    settings = load(config, ENOUGH, "up")

    assert not settings.llm.active
    assert [text for text in notices(settings) if "rules" in text] == [
        "No model: Runbook reasons by its rules. ANTHROPIC_API_KEY adds one."
    ]


def test_a_model_gets_the_key_of_its_own_provider_only(write: Write) -> None:
    environ = {
        **ENOUGH,
        "ANTHROPIC_API_KEY": "sk-ant",
        "OPENAI_API_KEY": "sk-oai",
        "OPENAI_BASE_URL": "http://o",
    }

    openai = load(write("llm: {provider: openai, model: gpt}"), environ, "worker").llm
    claude = load(write("llm: {provider: anthropic}"), environ, "worker").llm

    assert openai.api_key is not None
    assert claude.api_key is not None
    assert (openai.api_key.get_secret_value(), openai.base_url) == ("sk-oai", "http://o")
    assert (claude.api_key.get_secret_value(), claude.base_url) == ("sk-ant", None)


def test_a_server_of_ones_own_may_want_no_key(write: Write) -> None:
    served = "llm: {provider: openai, model: qwen, base_url: 'http://localhost:8000/v1'}"

    assert load(write(served), ENOUGH, "up").llm.active
    keyless = load(write("llm: {provider: openai, model: gpt}"), ENOUGH, "up")
    assert "OPENAI_API_KEY adds one" in " ".join(notices(keyless))


@pytest.mark.parametrize(
    ("llm", "module"),
    [
        ("{provider: openai, model: gpt, api_key: sk}", "openai"),
        ("{provider: vertex, project: acme, region: global}", "google.auth"),
    ],
)
def test_a_provider_whose_package_is_missing_stops_the_start_and_says_what_to_install(
    write: Write, monkeypatch: pytest.MonkeyPatch, llm: str, module: str
) -> None:
    config = write(f"llm: {llm}")
    load(config, ENOUGH, "up")
    monkeypatch.setitem(sys.modules, module, None)

    said = refused(config, ENOUGH)

    assert "whose package is not installed here" in said
    assert re.search(r"pip install 'runbook\[(openai|vertex)\]'", said)
    load(config, ENOUGH, "bot")


def test_the_executor_holds_no_slack_token_no_model_key_and_nobody_else_holds_its_own(write: Write) -> None:
    config = write("llm: {api_key: sk-model}\nincident: {pagerduty: {enabled: true, api_key: pd-key}}")

    dumped = {process: repr(_plain(load(config, ENOUGH, process))) for process in PROCESSES}

    held = {
        process: {word for word in ("xapp-", "xoxb-", "sk-model", "pd-key", "changer") if word in text}
        for process, text in dumped.items()
    }
    assert held == {
        "up": {"xapp-", "xoxb-", "sk-model", "pd-key", "changer"},
        "bot": {"xapp-", "xoxb-"},
        "worker": {"xoxb-", "sk-model", "pd-key"},
        "quick": {"xoxb-", "sk-model", "pd-key"},
        "executor": {"changer"},
        "clock": set(),
        "migrate": set(),
        "health": set(),
    }


def test_variables_go_only_to_the_processes_that_hold_their_keys(write: Write) -> None:
    config = write(
        """
        providers:
          aws:
            executor: {access_key_id: "${AWS_ACCESS_KEY_ID}", secret_access_key: "${AWS_SECRET_ACCESS_KEY}"}
        incident: {pagerduty: {enabled: true, api_key: "${PAGER}"}}
        environments: {prod: {production: "${IS_PROD:-true}"}}
        """
    )
    environ = {
        **{key: value for key, value in ENOUGH.items() if "EXECUTOR" not in key},
        "AWS_ACCESS_KEY_ID": "AKIA",
        "AWS_SECRET_ACCESS_KEY": "s",
        "AWS_SESSION_TOKEN": "t",
        "ANTHROPIC_API_KEY": "sk",
        "GOOGLE_APPLICATION_CREDENTIALS": "/account.json",
        "PAGER": "p",
        "IS_PROD": "false",
        "OTHER": "o",
        "DATABASE_URL": "sqlite:///x",
    }

    shared: dict[Process, set[str]] = {
        process: set(variables(config, environ, process)) for process in PROCESSES
    }

    everyone = {"IS_PROD", "DATABASE_URL"}
    thinker = {*everyone, "SLACK_BOT_TOKEN", "ANTHROPIC_API_KEY", "PAGER", "AWS_REGION", "AWS_SESSION_TOKEN"}
    thinker |= {"GOOGLE_APPLICATION_CREDENTIALS"}
    assert shared["bot"] == {*everyone, "SLACK_APP_TOKEN", "SLACK_BOT_TOKEN"}
    assert shared["worker"] == shared["quick"] == thinker
    assert shared["executor"] == {*everyone, "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION"}
    assert shared["clock"] == shared["migrate"] == everyone


def test_a_role_of_the_executor_may_start_from_what_the_machine_offers(write: Write) -> None:
    environ = {
        **ENOUGH,
        "AWS_ACCESS_KEY_ID": "AKIA",
        "RUNBOOK_EXECUTOR_AWS_ROLE_ARN": "arn:aws:iam::1:role/x",
    }
    environ.pop("RUNBOOK_EXECUTOR_AWS_PROFILE")

    assert "AWS_ACCESS_KEY_ID" in variables(None, environ, "executor")
    assert "AWS_ACCESS_KEY_ID" not in variables(None, ENOUGH | {"AWS_ACCESS_KEY_ID": "AKIA"}, "executor")


# Secrets stay secret


def test_no_secret_shows_in_what_settings_print(write: Write) -> None:
    config = write(
        "llm: {api_key: sk-model}\nredis_url: redis://:hush@host\ndatabase_url: postgres://u:hush@h/d"
    )

    settings = load(config, ENOUGH, "up")

    for text in (repr(settings), str(settings), settings.model_dump_json()):
        assert not re.search(r"hush|sk-model|secret-", text)
    assert settings.queue_url == "redis://:hush@host"
    assert settings.ledger_url == "postgresql://u:hush@h/d"


@pytest.mark.parametrize(
    "text",
    [
        "slack: HUSH",
        "slack: {bot_token: HUSH}",
        "slack: {bot_token: [HUSH]}",
        "slack: {team_id: {HUSH2: HUSH}}",
        "approvals: {ttl: HUSH, approvers: [HUSH], quorum: HUSH}",
        "llm: {provider: HUSH, enabled: HUSH}",
        "redis_url: HUSH",
        "providers: {aws: {regions: [HUSH]}}",
        "safety: {require_approval: [HUSH]}",
        "slack:\n  bot_token: *HUSH",
        "slack:\n  bot_token: &HUSH",
        "slack:\n  bot_token: !HUSH",
        "slack:\n  bot_token: @HUSH",
        "slack:\n  bot_token: %HUSH",
        "slack:\n  bot_token: 'HUSH",
        "slack:\n  bot_token: HUSH: HUSH",
        "slack:\n  bot_token: {HUSH",
        'slack:\n  bot_token: "\\HUSH"',
        "slack: {bot_token: '${HUSH_${A}'}",
    ],
)
def test_no_mistake_repeats_what_was_written(write: Write, text: str) -> None:
    said = refused(write(text), {"A": "HUSH"})

    assert "config.yaml:" in said
    assert "HUSH" not in said.replace("HUSH2", "")


def test_the_tree_is_frozen(write: Write) -> None:
    settings = load(write(""), ENOUGH, "up")

    with pytest.raises(ValueError, match="frozen"):
        settings.approvals.quorum = 3  # pyright: ignore[reportAttributeAccessIssue] — that is the point


def test_what_nobody_started_is_said_when_it_is_asked_for(write: Write) -> None:
    settings = load(write(""), ENOUGH, "worker")

    with pytest.raises(SettingsError, match="redis_url is not set") as caught:
        _ = settings.queue_url
    assert "REDIS_URL" in caught.value.mend


def _plain(settings: Settings) -> object:
    def opened(value: object) -> object:
        if isinstance(value, dict):
            return {key: opened(item) for key, item in value.items()}  # pyright: ignore[reportUnknownVariableType] — a dump
        return value.get_secret_value() if hasattr(value, "get_secret_value") else value  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType, reportUnknownVariableType] — a secret

    return opened(settings.model_dump())


PLAN = """\
llm:
  provider: anthropic  # anthropic | openai
  model: claude-sonnet-4-20250514
  api_key: ${ANTHROPIC_API_KEY}
providers:
  aws:
    enabled: true
    regions: [us-east-1, us-west-2]
    profile: default  # AWS profile or use env vars
incident:
  pagerduty:
    enabled: true
    api_key: ${PAGERDUTY_API_KEY}
  opsgenie:
    enabled: false
  slack: {enabled: true, bot_token: "${SLACK_BOT_TOKEN}"}
knowledge:
  sources:
    - type: filesystem
      path: .runbook/runbooks/
      watch: true
    - {type: filesystem, path: ~/.runbook/knowledge/}
  store:
    type: local
    path: .runbook/knowledge.db
    embedding_model: text-embedding-3-small
  retrieval:
    top_k: 10
    rerank: true
safety:
  require_approval:
    - high_risk
    - critical
  max_mutations_per_session: 5
  cooldown_between_critical_ms: 60000
agent:
  max_iterations: 10
  max_hypothesis_depth: 4
  context_threshold_tokens: 100000
"""
