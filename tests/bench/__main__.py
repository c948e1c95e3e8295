"""`make bench`: figures as ratios, both sides measured in the same run on the same machine.

Each row says what is measured, beside what, and the limit it is held to. Machines are noisy: the ratio
counts, the seconds are there for orientation. `make bench ARGS="line"` measures one group only.
"""

import sys

from rich.console import Console
from rich.table import Table

from tests.bench import engine, line, processes

GROUPS = {"engine": engine.rows, "line": line.rows, "processes": processes.rows}


def main() -> None:
    table = Table(title="Runbook, measured")
    for column in ("what", "ours", "beside", "ratio", "limit"):
        table.add_column(column, overflow="fold")
    for name in sys.argv[1:] or GROUPS:
        for one in GROUPS[name]():
            table.add_row(*one)
    Console(width=130).print(table)


if __name__ == "__main__":
    main()
