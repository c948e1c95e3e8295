"""`make bench`: figures as ratios, both sides measured in the same run on the same machine.

Each row says what is measured, beside what, and the limit it is held to. Machines are noisy: the ratio
counts, the seconds are there for orientation. `make bench ARGS="line"` measures one group only. The exit
code is 1 when a limit was missed.
"""

import os
import sys

from rich.console import Console
from rich.live import Live
from rich.table import Table

from tests.bench import engine, estate, injection, line, processes, safety

GROUPS = {
    "engine": engine.rows,
    "line": line.rows,
    "processes": processes.rows,
    "safety": safety.rows,
    "injection": injection.rows,
    "estate": estate.rows,
}


def main() -> int:
    load = os.getloadavg()[0]
    table = Table(title=f"Runbook, measured on {os.cpu_count()} processors, load before {load:.1f}")
    for column in ("what", "ours", "beside", "ratio", "limit", ""):
        table.add_column(column, overflow="fold")
    missed = 0
    with Live(table, console=Console(width=130)):
        for name in sys.argv[1:] or GROUPS:
            for one in GROUPS[name]():
                missed += not one.kept
                mark = "kept" if one.kept else "[bold red]missed[/]"
                table.add_row(one.what, one.ours, one.beside, f"{one.ratio:.2f}", f"≤ {one.limit:g}", mark)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
