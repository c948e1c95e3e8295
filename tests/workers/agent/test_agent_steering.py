"""What people say to a running investigation: where it looks, what it leaves, what it believes of it."""

from tests.workers import making
from tests.workers.agent import made, troubles
from tests.workers.agent.made import World
from workers.domain.event import Steered
from workers.domain.incident import Person
from workers.domain.investigation import Investigation

CAROL = Person(id="U0CAROL", team="T1")


def told(world: World, *words: str, report: str = "checkout is slow", minute: float = 0) -> Investigation:
    """An investigation in which somebody said these things before its first question was answered."""
    case = made.begun(report)
    for text in words:
        case = case.apply(Steered(at=making.at(minute), person=CAROL, text=text, message=text))
    run = made.investigator(world, case)
    for _ in run.run():
        pass
    return run.case


def test_what_is_left_aside_is_not_blamed_and_the_answer_says_who_asked() -> None:
    world = troubles.lock_contention()
    alone = told(world)
    assert alone.conclusion is not None
    assert alone.conclusion.causes[0].service == "shop-db"

    case = told(troubles.lock_contention(), "ignore shop-db")

    assert case.conclusion is not None
    assert [c for c in case.conclusion.causes if c.service == "shop-db"] == []
    assert all(h.status != "confirmed" for h in case.tree.nodes if h.where == "shop-db")
    assert any("U0CAROL asked to leave it aside" in gap.why for gap in case.conclusion.gaps)


def test_a_claim_under_test_is_given_up_when_somebody_says_so() -> None:
    run = made.investigator(troubles.lock_contention(), made.begun("checkout is slow"))
    for event in run.run():
        if event.type == "HypothesisFormed" and event.hypothesis.where == "shop-db" and not run.case.steering:
            said = Steered(at=making.at(0), person=CAROL, text="it's not shop-db", message="1")
            run.case = run.case.apply(said)

    given_up = [h for h in run.case.tree.nodes if h.where == "shop-db"]
    assert given_up
    assert all(h.status == "pruned" and not h.seen for h in given_up)
    assert all("left aside, as U0CAROL asked" in h.reason for h in given_up)


def test_the_last_word_counts() -> None:
    case = told(troubles.lock_contention(), "ignore shop-db", "look at shop-db")

    assert case.conclusion is not None
    assert case.conclusion.causes[0].service == "shop-db"


def test_a_place_that_is_pointed_at_is_tested_among_the_first_and_has_to_stand_on_its_own() -> None:
    plain = told(troubles.bad_deployment())
    assert all(h.where != "shop-cache" for h in plain.tree.nodes[:5])

    case = told(troubles.bad_deployment(), "look at redis")

    assert any(h.where == "shop-cache" for h in case.tree.nodes[:5])
    assert all(h.status == "pruned" for h in case.tree.nodes if h.where == "shop-cache")
    assert case.conclusion is not None
    assert case.conclusion.causes[0].revision == "checkout:42"


def test_what_people_did_stands_among_the_changes_with_their_name_and_is_no_suspect() -> None:
    case = told(troubles.bad_deployment(), "we rolled back at 11:58")

    assert case.facts is not None
    (change,) = [c for c in case.facts.changes if c.source == "people"]
    assert (change.actor, change.at) == ("U0CAROL", making.at(-2))
    assert case.conclusion is not None
    assert [c.revision for c in case.conclusion.causes] == ["checkout:42"]


def test_words_that_mean_nothing_here_change_nothing() -> None:
    plain, case = (told(troubles.bad_deployment(), *words) for words in ((), ("look at the moon", "lol")))

    assert case.conclusion == plain.conclusion
    assert case.tree == plain.tree
