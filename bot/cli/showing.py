"""How an investigation is shown: a live tree in a terminal, lines in a pipe, or events as JSON."""

import sys
from typing import Protocol

from rich.console import Console, Group
from rich.live import Live
from rich.spinner import Spinner
from rich.text import Text
from rich.tree import Tree

from bot.cli import telling
from workers import wiring
from workers.domain.event import Event
from workers.domain.investigation import Investigation

ORDER = ("confirmed", "branched", "testing", "open", "pruned")
STYLES = {
    "confirmed": "bold green",
    "branched": "cyan",
    "testing": "yellow",
    "open": "dim",
    "pruned": "dim strike",
}
CHECKED = 4
"""Questions under way that are shown at a time."""


class Show(Protocol):
    """One way to show an investigation."""

    def event(self, case: Investigation, event: Event) -> None:
        """`event` has brought `case` about."""
        ...

    def beat(self, case: Investigation | None) -> None:
        """Nothing happened for a moment."""
        ...

    def end(self, case: Investigation | None) -> None:
        """There is no more to come; without a case, because something broke."""
        ...


def show(*, json: bool, approvers: tuple[str, ...]) -> Show:
    """The way that fits what reads us."""
    if json:
        return Json()
    console = Console(highlight=False)
    if console.is_terminal and not console.is_dumb_terminal:
        return Screen(console, approvers)
    return Lines(approvers)


class Json:
    """Each event as it would be journaled, one a line."""

    def event(self, case: Investigation, event: Event) -> None:
        print(event.model_dump_json(), flush=True)

    def beat(self, case: Investigation | None) -> None:
        pass

    def end(self, case: Investigation | None) -> None:
        pass


class Lines:
    """A line a step, then the report."""

    def __init__(self, approvers: tuple[str, ...]) -> None:
        self._approvers = approvers

    def event(self, case: Investigation, event: Event) -> None:
        for one in telling.step(case, event):
            print(one, flush=True)

    def beat(self, case: Investigation | None) -> None:
        pass

    def end(self, case: Investigation | None) -> None:
        for section in telling.report(case, self._approvers, wiring.now()) if case else ():
            print(f"\n{section.title}", *(f"  {one}" for one in section.lines), sep="\n")
        sys.stdout.flush()


class Screen:
    """A tree that is redrawn, then the report."""

    def __init__(self, console: Console, approvers: tuple[str, ...]) -> None:
        self._console = console
        self._approvers = approvers
        self._live = Live(console=console, auto_refresh=False, transient=True)
        self._spinner = Spinner("dots")
        self._live.start()

    def event(self, case: Investigation, event: Event) -> None:
        self.beat(case)

    def beat(self, case: Investigation | None) -> None:
        if case is not None:
            self._live.update(Group(tree(case), self._footer(case)), refresh=True)

    def end(self, case: Investigation | None) -> None:
        self._live.stop()
        if case is None:
            return
        self._console.print(tree(case))
        for section in telling.report(case, self._approvers, wiring.now()):
            self._console.print(Text(f"\n{section.title}", style="bold"))
            for one in section.lines:
                self._console.print(Text(f"  {one}"))

    def _footer(self, case: Investigation) -> Spinner:
        self._spinner.update(text=Text(f"{telling.spent(case, wiring.now())} · Ctrl-C stops", style="dim"))
        return self._spinner


def tree(case: Investigation) -> Tree:
    """Facts, hypotheses under those they came from, and what is being checked."""
    root = Tree(Text(telling.title(case), style="bold"), guide_style="dim")
    known, *more = telling.facts(case)
    found = root.add(Text(known))
    for one in more:
        found.add(Text(one, style="dim"))
    _grown(root, case, "")
    asked = telling.checking(case)
    if asked and case.conclusion is None:
        under = root.add(Text("Checking"))
        for one in asked[:CHECKED]:
            under.add(Text(one, style="dim"))
        if len(asked) > CHECKED:
            under.add(Text(f"and {len(asked) - CHECKED} more", style="dim"))
    return root


def _grown(branch: Tree, case: Investigation, parent: str) -> None:
    children = sorted(case.tree.children(parent), key=lambda h: (ORDER.index(h.status), -h.prior))
    for one in children:
        style = STYLES[one.status] if one.seen else "dim"
        _grown(branch.add(Text(telling.hypothesis(case, one), style=style)), case, one.id)
