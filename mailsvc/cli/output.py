"""What commands print: results on stdout, everything else on stderr.

Use: `show_json(rows)` or `show_table(rows, columns)` for a listing, `say` for a line on stderr.
Fails: never by itself; a closed pipe ends the program quietly.
"""

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import TextIO

from mailsvc.desk.plainly import Plain, plainly


def say(line: str) -> None:
    """One line for the person at the terminal; never part of the result."""
    print(line, file=sys.stderr, flush=True)  # noqa: T201 -- printing is this module's purpose


def out(line: str) -> None:
    """One line of the result."""
    print(line)  # noqa: T201 -- printing is this module's purpose


def show_json(values: Iterable[object]) -> None:
    """Print ONE JSON array, an element a line, as they come: a million elements need no memory."""
    write_json(values, sys.stdout)


def write_json(values: Iterable[object], to: TextIO) -> None:
    """Write ONE JSON array with one element a line."""
    to.write("[")
    mark = "\n"
    for value in values:
        to.write(mark + json.dumps(plainly(value), ensure_ascii=False))
        mark = ",\n"
    to.write("\n]\n" if mark == ",\n" else "]\n")


def show_table(rows: Iterable[Mapping[str, object]], columns: Sequence[str]) -> None:
    """Print rows for a person: aligned columns on a terminal, tab-separated cells otherwise."""
    if not sys.stdout.isatty():
        for row in rows:
            out("\t".join(_cell(row.get(column)) for column in columns))
        return
    from rich.console import Console
    from rich.table import Table

    table = Table(*columns, box=None, pad_edge=False)
    for row in rows:
        table.add_row(*(_cell(row.get(column)) for column in columns))
    Console(markup=False, highlight=False).print(table)


def show_fields(fields: Mapping[str, object]) -> None:
    """Print one thing for a person: a field a line; empty fields are left out."""
    width = max((len(name) for name in fields), default=0)
    for name, value in fields.items():
        if value not in {None, ""}:
            out(f"{name:<{width}}  {_cell(value)}")


def _cell(value: object) -> str:
    plain: Plain = plainly(value)
    match plain:
        case None:
            return ""
        case bool():
            return "yes" if plain else "no"
        case str():
            return plain
        case list() | dict():
            return json.dumps(plain, ensure_ascii=False)
    return str(plain)
