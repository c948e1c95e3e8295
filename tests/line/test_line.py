"""From a mention to a verified recovery: what people see in Slack, and what happened in the cloud."""

import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests import chromium
from tests.faults.plant import ROOT
from tests.faults.waiting import never
from tests.line.conftest import INVESTIGATED, Line
from workers.domain.approval import ApprovalState
from workers.domain.conclusion import Outcome
from workers.ledger import audit

Look = Callable[[str], Page]
RECOVERED = 150_000
"""Milliseconds for a rollout, its metrics and three healthy reads."""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium.browser() as one:
        yield one


@pytest.fixture
def look(browser: Browser, line: Line) -> Iterator[Look]:
    """Open the page as somebody, in the incidents channel."""
    context = browser.new_context(viewport={"width": 1440, "height": 1000}, timezone_id="UTC")

    def opened(person: str) -> Page:
        page = context.new_page()
        page.set_default_timeout(INVESTIGATED * 1000)
        page.goto(f"{line.slack.ready['url']}#as={person}&channel={line.slack.channels['incidents']}")
        page.wait_for_selector("body[data-ready]")
        return page

    yield opened
    context.close()


def press(page: Page, button: str) -> None:
    """Press a button of the thread's card, and its question where it has one."""
    page.locator("#thread-list").get_by_role("button", name=button).click()
    sure = page.locator("#confirm")
    if sure.is_visible():
        sure.get_by_role("button", name=button).click()


def test_typed_mention_ends_in_a_verified_recovery_by_the_call_on_the_card(line: Line, look: Look) -> None:
    truth = line.cloud.play("bad_deployment", seed=5)["truth"]
    before = len(line.writes())
    alice = look("alice")
    alice.locator("#composer-text").press_sequentially("@Run")
    alice.keyboard.press("Enter")
    alice.keyboard.type("storefront is slow")
    alice.keyboard.press("Enter")
    alice.get_by_text("replies").first.click()
    thread = alice.locator("#thread-list")
    expect(thread).to_contain_text("Bad deployment", timeout=INVESTIGATED * 1000)
    expect(thread).to_contain_text(truth["revision"])
    expect(thread.locator("img").first).to_be_visible(timeout=INVESTIGATED * 1000)

    whispers = {
        "alice": "somebody else has to approve",
        "carol": "You are not an approver here",
        "dan": "You are not an approver here",
    }
    for person, why in whispers.items():
        theirs = alice if person == "alice" else opened_thread(look(person))
        press(theirs, "Approve")
        expect(theirs.locator("#thread-list")).to_contain_text(why)
    assert len(line.writes()) == before

    ben = opened_thread(look("ben"))
    twice = opened_thread(look("ben"))
    for page in (ben, twice):
        page.locator("#thread-list").get_by_role("button", name="Approve").click()
    for page in (ben, twice):
        page.locator("#confirm").get_by_role("button", name="Approve").click()

    expect(ben.locator("#thread-list")).to_contain_text("Recovered:", timeout=RECOVERED)
    root = next(m["ts"] for m in reversed(line.slack.messages()) if "storefront is slow" in m["text"])
    case = line.case(root)
    cause = case.conclusion.causes[0] if case.conclusion else None
    assert cause is not None
    assert (cause.service, cause.mode, cause.revision) == (truth["service"], truth["mode"], truth["revision"])
    (approval,) = line.case(root).approvals
    (write,) = line.writes()[before:]
    assert write["user"].endswith("executor")
    assert {k: v for k, v in write["parameters"].items() if k in approval.call.arguments} == dict(
        approval.call.arguments
    )
    assert audit.first_bad(iter(line.ledger.audit_records())) is None
    line.cloud.pass_time(180)  # an alarm needs some good minutes
    assert line.cloud.ask("pulse")["state"] == "OK"

    press(alice, "Roll back")
    expect(thread).to_contain_text(f"takes back: {approval.title}")
    back = line.case(root).approvals[-1]
    assert (back.call, back.undoes) == (approval.rollback, approval.id)
    assert len(line.writes()) == before + 1


def opened_thread(page: Page) -> Page:
    page.get_by_text("replies").last.click()
    page.locator("#thread-list").get_by_role("button", name="Approve").wait_for()
    return page


def test_reject_changes_nothing_and_the_card_says_so(line: Line) -> None:
    line.cloud.play("bad_deployment", seed=6)
    before = len(line.writes())
    root = line.ask("storefront is slow")

    assert line.press(line.reply(root, "Approval needed"), "reject")["acknowledged"]

    card = line.reply(root, "*Not recovered:*")
    assert "Rejected by" in str(card["blocks"])
    assert "Nothing was changed" in str(card["blocks"])
    heads = re.findall("audit `(.+?)`", str(card["blocks"]))
    assert audit.check(line.ledger.audit_records(), heads).missing == ()
    assert len(heads) == 1
    assert line.case(root).approvals[0].state is ApprovalState.REJECTED
    never(lambda: len(line.writes()) > before, 3)
    assert line.cloud.ask("pulse")["state"] == "ALARM"


def test_alarm_that_was_edited_is_no_incident(line: Line) -> None:
    line.cloud.play("alarm_edited", seed=3)
    root = line.ask("storefront is slow")

    conclusion = line.concluded(root).conclusion

    assert conclusion is not None
    assert conclusion.outcome is Outcome.NOT_AN_INCIDENT
    assert "not an incident" in line.reply(root, "Not an incident")["text"].lower()
    assert line.case(root).approvals == ()


def test_denied_metrics_are_inconclusive_and_name_the_permission(line: Line) -> None:
    line.cloud.play("bad_deployment", seed=7, deny=["cloudwatch:GetMetricData"])
    root = line.ask("storefront is slow")

    conclusion = line.concluded(root).conclusion

    assert conclusion is not None
    assert conclusion.outcome is Outcome.INCONCLUSIVE
    assert "cloudwatch:GetMetricData" in str(line.reply(root, "What I could not see")["blocks"])
    assert line.case(root).approvals == ()


def test_service_nobody_knows_is_said_with_the_nearest_names(line: Line) -> None:
    line.cloud.play("bad_deployment", seed=8)
    root = line.ask("chekout is slow")

    said = str(line.reply(root, "The nearest name")["blocks"])

    assert "I know no service called “chekout”" in said
    assert "checkout" in said


def test_questions_about_what_there_is_are_answered_without_a_model(line: Line) -> None:
    line.cloud.play(decoys=False, seed=5)
    said = {
        "show me all S3 buckets and Lambda functions": "s3 buckets (3)",
        "how is table feature-flags doing?": "feature-flags: as usual, by 3 metrics.",
        "is the orders queue healthy?": "orders age of the oldest message: ",
        "who changed bucket fernhill-invoices?": "is on record for the last 24 hours",
    }

    threads = {line.ask(asked): words for asked, words in said.items()}

    for root, words in threads.items():
        assert line.reply(root, words)


def test_right_runbook_is_cited_and_none_once_it_is_gone(line: Line, examples: Path) -> None:
    folder = ROOT / "knowledge" / "examples" / "shop"
    right = "checkout-errors-after-deployment.md"
    for name in (right, "checkout-slow-payment-provider.md"):
        shutil.copy(folder / name, examples / name)
    line.sync()
    case = line.cloud.play("bad_deployment", seed=4)
    assert case["truth"]["service"] == "checkout"

    root = line.ask("checkout is slow")
    conclusion = line.concluded(root).conclusion
    assert conclusion is not None
    assert [passage.document for passage in conclusion.citations] == [right]
    said = str(line.reply(root, "*Runbooks*")["blocks"])
    assert "Checkout errors after a deployment" in said
    assert "days ago" in said

    (examples / right).unlink()
    line.sync()
    root = line.ask("checkout is slow")
    conclusion = line.concluded(root).conclusion
    assert conclusion is not None
    assert conclusion.citations == ()
