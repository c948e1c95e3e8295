"""What people see, post by post: golden files, so that a changed word is seen by whoever changes it.

`pytest --golden-update` writes them anew.
"""

import re
from collections.abc import Callable
from typing import Any

import pytest

from tests.workers import making
from tests.workers.thread.saying import deciding, never_known, sent, texts, verified
from workers.domain import event as events
from workers.domain.approval import ApprovalState
from workers.domain.call import ToolCall
from workers.domain.conclusion import Conclusion, Hop, Outcome, Suspect
from workers.domain.confidence import Confidence
from workers.domain.event import Event
from workers.domain.investigation import Investigation
from workers.domain.post import Post
from workers.domain.question import Question
from workers.domain.risk import Risk
from workers.domain.telemetry import Signal
from workers.thread.answer import answer
from workers.thread.card import card, exact
from workers.thread.cause import cause
from workers.thread.live import live, waiting
from workers.thread.posts import posts
from workers.thread.which import which
from workers.thread.why import why

S = ApprovalState
Golden = Callable[[str, Any], None]


def shown(post: Post) -> dict[str, Any]:
    """A post without the series of its picture."""
    return post.model_dump(mode="json", exclude={"picture"}, exclude_defaults=True)


CARDS: dict[str, Post] = {
    **{state.value: card(*deciding(state)) for state in S},
    "pending, two of three, no way back": card(
        *deciding(
            S.PENDING,
            quorum=2,
            approvers=("U0BEN", "U0CARO", "U0DANA"),
            rollback=None,
            no_rollback="What was purged is gone.",
            requester=None,
        )
    ),
    "pending, critical": card(*deciding(S.PENDING, risk=Risk.CRITICAL, quorum=2, word="checkout")),
    "pending, nothing can undo it": card(
        *deciding(
            S.PENDING,
            title="Reboot i-0f3a",
            call=ToolCall(name="ec2-reboot", arguments={"instance": "i-0f3a"}),
            risk=Risk.HIGH,
            blast_radius="What runs on i-0f3a ends and starts again with it, a minute or more later.",
            rollback=None,
            no_rollback="What the instance holds in memory is gone.",
        )
    ),
    "indeterminate, for ever": card(*never_known()),
    "succeeded and recovered": card(*verified(recovered=True)),
    "succeeded and not recovered": card(*verified(recovered=False)),
}


def story(until: str = "") -> Investigation:
    """The whole story, up to and with the first event of this name."""
    first, *rest = making.one_of_each()
    assert isinstance(first, events.IncidentReported)
    case = making.case()
    for event in rest:
        case = case.apply(event)
        if event.type == until:
            return case
    return case


def thinking(*after: Event, **answered: Any) -> Investigation:
    """A case of a model's mind that was asked once."""
    begun = events.ReasonerSwitched(at=making.at(0), now="claude-sonnet-5-5", was="rules", why="configured")
    return making.case(begun, making.model_answered(**answered), *after)


GAVE_WAY = events.ReasonerSwitched(
    at=making.at(1), now="rules", was="claude-sonnet-5-5", why="it answered 529 (Overloaded)"
)

LIVES: dict[str, Post] = {
    "by a model": live(thinking(), making.at(1)),
    "by a model of unknown price": live(thinking(dollars=None), making.at(1)),
    "by a model that gave way": live(thinking(GAVE_WAY), making.at(1)),
    "waiting, next": waiting(making.case(), 1),
    "waiting, one before": waiting(making.case(), 2),
    "waiting, four before": waiting(making.case(), 5),
    "just begun": live(making.case(), making.at(0.2)),
    "facts gathered": live(story("FactsGathered"), making.at(0.5)),
    "testing": live(story("EvidenceWeighed"), making.at(0.7)),
    "a limit was reached": live(story("LimitReached"), making.at(0.9)),
    "concluded": live(story("Concluded"), making.at(1)),
    "waiting for approval": live(story("ApprovalRequested"), making.at(2)),
    "changing": live(story("ChangeIntended"), making.at(3.2)),
    "recovered": live(story("Verified"), making.at(5)),
    "could not finish": live(
        making.case(
            events.Failed(
                at=making.at(1), what="looking", why="AWS is unreachable.", mend="Check the network."
            )
        ),
        making.at(1),
    ),
    "stopped": live(making.case(events.Stopped(at=making.at(1), person=making.BEN)), making.at(1)),
}


WHICH: dict[str, Post] = {
    "asked": which(story("NameAsked"), "checkout"),
    "answered": which(story("NameSettled"), "checkout"),
    "none of these": which(
        story("NameAsked").apply(
            events.NameSettled(at=making.at(1), word="checkout", name="", person=making.BEN)
        ),
        "checkout",
    ),
}


def caused(**fields: Any) -> Post:
    case = making.case(
        events.EvidenceWeighed(
            at=making.at(1),
            hypothesis="h1",
            evidence=(
                making.evidence(),
                making.evidence(
                    "h1e2",
                    look="logs",
                    finding="checkout logs 'no such column' 412 times, never before",
                    source="logs:checkout",
                    link="https://console.example.com/logs?a=1&b=2",
                ),
                making.evidence("h1e3", finding="one of 200 lines agrees", strength="weak"),
                making.evidence("h1e4", finding="nothing to be seen", strength="none"),
            ),
        ),
        events.Concluded(at=making.at(1), conclusion=ended(**fields)),
    )
    return cause(case, ended(**fields))


def ended(**fields: Any) -> Conclusion:
    first, *_ = making.conclusion().causes
    one = first.model_copy(update={"evidence": ("h1e3", "h1e1", "h1e2", "h1e4")})
    return making.conclusion(**{"causes": (one,), **fields})


NOTHING: dict[str, Any] = {
    "causes": (),
    "path": (),
    "ruled_out": (),
    "citations": (),
    "picture": None,
    "watch": None,
    "confidence": Confidence(value=0.0),
}


def suspect(place: str, finding: str) -> Suspect:
    path = (
        Hop(service="web", finding="web: p95 latency 4 s"),
        Hop(service=place, finding=f"{place} {finding}"),
    )
    return Suspect(service=place, signal=Signal.LATENCY, share=1.0, path=path)


CAUSES: dict[str, Post] = {
    "caused": caused(),
    "told by a model": cause(
        thinking(), ended(account="The first sign was 'no such column' in the logs of checkout.")
    ),
    "not proven": caused(confidence=Confidence(value=0.62, where=0.81, what=0.62, why=0.37)),
    "inconclusive": caused(
        **NOTHING,
        outcome=Outcome.INCONCLUSIVE,
        headline="Inconclusive",
        summary="No claim could be confirmed. What is missing stands below.",
    ),
    "inconclusive, with places": caused(
        **{**NOTHING, "confidence": Confidence(value=0.0, where=0.72)},
        outcome=Outcome.INCONCLUSIVE,
        headline="Inconclusive",
        summary="No claim could be confirmed. What is missing stands below.",
        suspects=(suspect("shop-db", "CPU 97 % (usually 31 %)"), suspect("checkout", "p95 latency 4.1 s")),
    ),
    "recovered by itself": caused(
        **NOTHING,
        outcome=Outcome.RECOVERED,
        headline="It is over",
        gaps=(),
        next_steps=(),
        summary="checkout was slow from 11:42 to 11:51 UTC and is as usual since.",
    ),
    "stale runbook": caused(citations=(making.passage(age_days=400, link=""), making.passage(age_days=0))),
}


def replied(*after: Event, **told: Any) -> Post:
    """The answer to a question, after these events."""
    asked = making.case(*after, text="what changed?", question=Question(topic="changed"))
    return answer(asked.apply(events.Answered(at=making.at(1), **told)) if told else asked)


ANSWERS: dict[str, Post] = {
    "while looking": replied(),
    "with lines": replied(
        text="I know of 2 changes in the last 60 minutes, the newest first.",
        lines=("11:40 UTC: checkout:42 was deployed to checkout, by ci", "11:12 UTC: *web* scaled to <4>"),
        sources=("cloudtrail", "aws"),
    ),
    "not readable": replied(
        text="I cannot tell what changed: it could not be read.",
        gaps=("access denied: cloudtrail:LookupEvents Grant cloudtrail:LookupEvents.",),
    ),
    "stopped": replied(events.Stopped(at=making.at(1))),
    "could not be given": replied(
        events.Failed(at=making.at(1), what="looking", why="AWS is unreachable.", mend="Check the network.")
    ),
}
WHYS: dict[str, Post] = {
    "before the facts": why(making.case(), "1.1"),
    "while testing": why(story("EvidenceWeighed"), "1.2"),
    "with a conclusion": why(story("Concluded"), "1.3"),
}
EVERYTHING = {
    **{f"card, {name}": post for name, post in CARDS.items()},
    **{f"which, {name}": post for name, post in WHICH.items()},
    **{f"live, {name}": post for name, post in LIVES.items()},
    **{f"cause, {name}": post for name, post in CAUSES.items()},
    **{f"why, {name}": post for name, post in WHYS.items()},
    **{f"answer, {name}": post for name, post in ANSWERS.items()},
}


def test_card_of_every_state_reads_as_it_did(golden: Golden) -> None:
    golden("thread_cards", {name: shown(post) for name, post in CARDS.items()})


def test_live_message_of_every_stage_reads_as_it_did(golden: Golden) -> None:
    golden("thread_live", {name: shown(post) for name, post in LIVES.items()})


def test_cause_of_every_outcome_reads_as_it_did(golden: Golden) -> None:
    golden("thread_cause", {name: shown(post) for name, post in CAUSES.items()})


def test_answers_of_every_stage_read_as_they_did(golden: Golden) -> None:
    golden("thread_answer", {name: shown(post) for name, post in ANSWERS.items()})


def test_question_which_thing_is_meant_reads_as_it_did(golden: Golden) -> None:
    golden("thread_which", {name: shown(post) for name, post in WHICH.items()})


def test_reasons_of_every_stage_read_as_they_did(golden: Golden) -> None:
    golden("thread_why", {name: shown(post) for name, post in WHYS.items()})


@pytest.mark.parametrize("name", EVERYTHING)
def test_every_post_has_a_text_of_full_sentences(name: str) -> None:
    text = EVERYTHING[name].text

    assert re.match(r"[A-Z].* .*[.!?]$", text, re.DOTALL), text
    assert text == text.strip()
    assert ".." not in text
    assert not re.search(r"[*_~`<>]|\u200b", text), "a screen reader would read the signs"


@pytest.mark.parametrize("state", S)
def test_buttons_are_there_only_while_it_is_undecided(state: ApprovalState) -> None:
    kinds = [block["type"] for block in card(*deciding(state)).blocks]

    assert ("actions" in kinds) is (state is S.PENDING)


@pytest.mark.parametrize("state", [s for s in S if s.terminal and s is not S.SUCCEEDED])
def test_card_of_a_change_that_was_not_made_says_so(state: ApprovalState) -> None:
    post = card(*deciding(state))

    assert "Nothing was changed." in post.text
    assert "Nothing was changed" in "\n".join(texts(post.blocks))


def test_only_the_random_id_stands_in_a_button() -> None:
    case, asked = deciding(S.PENDING)

    (row,) = [block for block in card(case, asked).blocks if block["type"] == "actions"]
    elements: Any = row["elements"]

    assert [(button["action_id"], button["value"]) for button in elements] == [
        ("approve", asked.id),
        ("reject", asked.id),
    ]
    assert "confirm" in elements[0]
    assert all("Run checkout:41 on checkout" in button["accessibility_label"] for button in elements)


@pytest.mark.parametrize("state", S)
def test_card_shows_every_argument_of_the_exact_call(state: ApprovalState) -> None:
    case, asked = deciding(state)

    (box,) = [block for block in card(case, asked).blocks if block["type"] == "rich_text"]

    assert texts(box) == [exact(asked.call)]
    for name, value in asked.call.arguments.items():
        assert f"  {name} = {value}\n" in exact(asked.call) + "\n"


def test_card_says_who_voted_and_why_it_was_rejected() -> None:
    said = "\n".join(texts(card(*deciding(S.REJECTED)).blocks))

    assert "Rejected by <@U0BEN> at <!date^" in said
    assert "Not during the sale." in said


def test_failed_change_says_why_and_what_to_do() -> None:
    said = "\n".join(texts(card(*deciding(S.FAILED)).blocks))

    assert "taskDefinition was checkout:42, is checkout:43. Ask again." in said


def test_evidence_stands_strongest_first_and_what_shows_nothing_is_left_out() -> None:
    said = "\n".join(texts(CAUSES["caused"].blocks))

    assert said.index("checkout:42 was deployed") < said.index("no such column") < said.index("one of 200")
    assert "nothing to be seen" not in said


def test_inconclusive_states_no_confidence() -> None:
    assert "Confidence" not in "\n".join(texts(CAUSES["inconclusive"].blocks))
    assert "Confidence: high, 0.91" in "\n".join(texts(CAUSES["caused"].blocks))


def test_status_is_told_in_words_and_not_by_a_sign_alone() -> None:
    said = "\n".join(texts(LIVES["a limit was reached"].blocks))

    assert all(word in said for word in ("Struck out", "Stands", "Narrowed", "Waiting"))


def test_stop_button_goes_once_it_is_concluded() -> None:
    def stops(post: Post) -> bool:
        return any(block["type"] == "actions" for block in post.blocks)

    assert stops(LIVES["testing"])
    assert not any(
        stops(LIVES[name]) for name in ("concluded", "waiting for approval", "stopped", "could not finish")
    )


@pytest.mark.parametrize("post", EVERYTHING.values(), ids=EVERYTHING)
def test_no_post_of_an_ordinary_case_is_shortened(post: Post) -> None:
    assert sum(len(text) for text in texts(sent(post))) < 6000
    assert not any(text.endswith("…") for text in texts(sent(post)))


# -- which posts an event brings about

SAID: dict[str, list[str]] = {
    "ModelAsked": [],
    "Recalled": [],
    "Joined": [],
    "BudgetSet": [],
    "QueryAnswered": [],
    "QueryFailed": [],
    "EvidenceWeighed": [],
    "NameAsked": ["live", "which"],
    "NameSettled": ["live", "which"],
    "Concluded": ["live", "cause"],
    "ApprovalRequested": ["live", "card"],
    "ApprovalVoted": ["live", "card"],
    "ApprovalDecided": ["live", "card"],
    "ApprovalExpired": ["live", "card"],
    "ChangeIntended": ["live", "card"],
    "ChangeMade": ["live", "card"],
    "ChangeUnknown": ["live", "card"],
    "Verified": ["live", "card"],
    "RollbackAsked": ["live", "card"],
}


@pytest.mark.parametrize("event", making.one_of_each(), ids=lambda event: event.type)
def test_event_redraws_what_it_changes(event: Event) -> None:
    keys = [post.key.split(":")[0] for post in posts(story(), event)]

    assert keys == SAID.get(event.type, ["live"])


def test_reading_of_a_verification_redraws_its_card() -> None:
    case, asked = deciding(S.SUCCEEDED)
    reading = events.QueryAsked(at=making.at(4), query=making.query("v1", role="verify", approval=asked.id))

    _, redrawn = posts(case.apply(reading), reading)

    assert "_Verifying:_ what checkout logs" in "\n".join(texts(redrawn.blocks))


def test_causes_and_cards_go_ahead_of_progress() -> None:
    assert all(post.urgent for post in (*CARDS.values(), *CAUSES.values()))
    assert not any(post.urgent for post in LIVES.values())
