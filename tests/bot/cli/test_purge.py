"""`runbook purge`: what it says would go, what goes, what it refuses, and the audit after it."""

from datetime import timedelta
from pathlib import Path

import pytest

from bot.cli import main
from tests.workers.ledger.samples import ALICE, incident, now, opened
from workers.domain.event import Steered
from workers.ledger import Ledger, Mirror, connect, migrate

OLD = now() - timedelta(days=1000)
ALL = ("purge", "--before", f"{OLD + timedelta(days=2):%Y-%m-%d}", "--audit")


class Site:
    """A folder with a ledger in which one investigation is three years old, and one of today."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str], patch: pytest.MonkeyPatch) -> None:
        url = f"sqlite:///{folder / 'ledger.db'}"
        migrate(url)
        self.ledger = Ledger(connect(url), Mirror(folder))
        self.old = self.ledger.accept(incident("1.1"), ("old",), OLD).id
        self.ledger.record(self.old, Steered(at=OLD, person=ALICE, text="users in Asia see it, too"))
        assert self.ledger.claim(self.old, "w1")
        assert self.ledger.release(self.old, "w1", 2)
        self.young = opened(self.ledger)
        self.heads = [link.hash for link in self.ledger.audit_records()]
        self._patch, self._capsys = patch, capsys
        patch.setenv("RUNBOOK_DATA_DIR", str(folder))

    def run(self, *arguments: str) -> tuple[int, str]:
        """What a command said, and how it ended."""
        self._patch.setattr("sys.argv", ["runbook", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        said = self._capsys.readouterr()
        return int(ended.value.code or 0), said.out + said.err


@pytest.fixture
def site(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Site:
    return Site(tmp_path, capsys, monkeypatch)


def test_purge_says_what_goes_before_and_after_it(site: Site) -> None:
    before = site.run(*ALL, "--dry-run")
    done, again = site.run(*ALL), site.run(*ALL)

    counts = ("1  investigations", "2  steps of these", "1  names of requests", "1  audit records, of which")
    for (code, said), head in ((before, "Would go:"), (done, "Purged, and put on record in the audit:")):
        assert code == 0
        assert said.startswith(head)
        assert all(count in said for count in counts)
    assert again == (0, "Nothing is old enough to go.\n")
    assert site.ledger.journal(site.old) == ()
    assert site.ledger.journal(site.young)


def test_audit_verifies_after_a_purge_with_every_head_that_was_seen(site: Site) -> None:
    site.run(*ALL)

    code, said = site.run("audit", "verify", *(f"--head={head}" for head in site.heads))
    shown = site.run("audit", "show")[1]

    assert code == 0
    assert (
        f"Records 1–1 were purged by {site.ledger.audited('Purged')[0]['actor']} on {now():%Y-%m-%d}" in said
    )
    assert "2–3 are whole. Head: " in said
    assert "purged: 1 audit, 1 journals, 1 requests, 2 steps; records up to 1" in shown
    assert site.old not in shown


def test_copy_of_a_purged_audit_is_checked_elsewhere(site: Site, tmp_path: Path) -> None:
    site.run(*ALL)
    copy = tmp_path / "audit.jsonl"
    site.run("audit", "export", "--to", str(copy))

    whole = site.run("audit", "verify", "--file", str(copy))
    copy.write_text("".join(copy.read_text().splitlines(keepends=True)[:-1]))
    unsaid = site.run("audit", "verify", "--file", str(copy))

    assert whole[0] == 0
    assert unsaid[0] == 1
    assert "Record 1 is bad: it is empty, and no record says that it was purged." in unsaid[1]


def test_audit_goes_before_its_time_only_where_that_is_said(site: Site) -> None:
    *without, audit = ALL

    assert "audit records" not in site.run("purge", "--dry-run")[1]
    assert "audit records" not in site.run(*without, "--dry-run")[1]
    assert "1  audit records" in site.run(*without, audit, "--dry-run")[1]


def test_one_investigation_goes_and_says_so(site: Site) -> None:
    code, said = site.run("purge", "--investigation", site.old)

    assert (code, "1  investigations" in said, "audit records" in said) == (0, True, False)
    assert "IncidentReported" in site.run("audit", "show", "--investigation", site.old)[1]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--investigation", "nobody"), "no investigation 'nobody'"),
        (("--before", "yesterday"), "'yesterday' is no day"),
        (("--audit",), "--audit says what goes with --before"),
        (("--before", "2026-03-01", "--investigation", "abc"), "--investigation goes whole"),
    ],
)
def test_wrong_wishes_are_refused_in_words(site: Site, arguments: tuple[str, ...], told: str) -> None:
    code, said = site.run("purge", *arguments)

    assert (code, told in said) == (1, True)


def test_what_goes_on_is_not_purged_by_name_either(site: Site) -> None:
    code, said = site.run("purge", "--investigation", site.young)

    assert (code, "goes on" in said) == (1, True)
