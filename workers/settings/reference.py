"""The keys as a page of documentation, made from the tree so that it cannot say anything else."""

from collections import defaultdict

from workers.settings.holders import EVERYBODY, FALLBACKS, OVERRIDES, holders, split
from workers.settings.keys import Row, rows


def markdown() -> str:
    """One table for each section that has keys of its own."""
    variables: defaultdict[str, list[str]] = defaultdict(list)
    for name, key in {**OVERRIDES, **FALLBACKS}.items():
        variables[key].append(f"`{name}`")
    tables: dict[str, list[str]] = {"": []}
    titles: dict[str, str] = {"": "Where everything is"}
    for row in rows():
        section, _, name = row.key.rpartition(".") if not row.key.endswith(">") else (row.key, "", "")
        if row.section is not None:
            titles[row.key] = (row.section.__doc__ or "").split("\n\n")[0].strip()
            tables.setdefault(row.key, [])
        else:
            tables.setdefault(section, []).append(_line(row, name, variables[row.key]))
    return "\n".join(_table(key, titles[key], lines) for key, lines in tables.items() if lines)


def _table(key: str, title: str, lines: list[str]) -> str:
    head = f"### `{key}`\n\n{title}\n" if key else f"### {title}\n"
    return "\n".join(
        (
            head,
            "| key | kind | default | meaning | variable | known to |",
            "|---|---|---|---|---|---|",
            *lines,
            "",
        )
    )


def _line(row: Row, name: str, variables: list[str]) -> str:
    default = f"`{row.default}`".replace("|", "\\|") if row.default not in ("", "required") else row.default
    known = holders(split(row.key)) - {"up"}
    who = "all" if known >= EVERYBODY - {"up", "migrate"} else ", ".join(sorted(known))
    meaning = (row.field.description or "").replace("|", "\\|")
    return f"| `{name}` | {row.kind} | {default} | {meaning} | {', '.join(variables)} | {who} |"
