"""What commands print: results on stdout, everything else on stderr.

Use: `show_json(rows)` or `show_table(rows, columns)` for a listing, `say` for a line on stderr.
Fails: never by itself; a closed pipe ends the program quietly.
"""

import json
import shutil
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from itertools import islice
from typing import TextIO

from mailsvc.desk.plainly import Plain, plainly
from mailsvc.kit.printable import json_printable, printable

_TOGETHER = 1000


def say(line: str) -> None:
    """One line for the person at the terminal; never part of the result."""
    print(printable(line, keep="\n\t"), file=sys.stderr, flush=True)  # noqa: T201 -- printing is this module's purpose


def out(line: str) -> None:
    """One line of the result."""
    print(printable(line, keep="\n\t"))  # noqa: T201 -- printing is this module's purpose


def counted(number: int, thing: str) -> str:
    """`1 domain`, `2 domains`."""
    return f"{number} {thing}{'' if number == 1 else 's'}"


def show_json(values: Iterable[object]) -> None:
    """Print ONE JSON array, an element a line, as they come: a million elements need no memory."""
    write_json(values, sys.stdout)


def write_json(values: Iterable[object], to: TextIO) -> None:
    """Write ONE JSON array with one element a line."""
    to.write("[")
    mark = "\n"
    for value in values:
        to.write(mark + json_printable(json.dumps(plainly(value), ensure_ascii=False)))
        mark = ",\n"
    to.write("\n]\n" if mark == ",\n" else "]\n")


def show_json_texts(elements: Iterable[str]) -> None:
    """The same for elements that are JSON already, of which a hundred thousand shall take no second."""
    coming = iter(elements)
    mark = "["
    while some := list(islice(coming, _TOGETHER)):
        if not "".join(some).isprintable():
            some = [json_printable(one) for one in some]
        sys.stdout.write(mark + "\n" + ",\n".join(some))
        mark = ","
    sys.stdout.write("[]\n" if mark == "[" else "\n]\n")


def show_table(rows: Iterable[Mapping[str, object]], columns: Sequence[str]) -> None:
    """Print rows for a person: aligned columns on a terminal, never cut; tab-separated cells otherwise."""
    if not sys.stdout.isatty():
        for row in rows:
            out("\t".join(_cell(row.get(column)) for column in columns))
        return
    from mailsvc.cli.tables import table_lines

    told = ({column: _told(row.get(column)) for column in columns} for row in rows)
    for line in table_lines(told, columns, shutil.get_terminal_size().columns):
        out(line)


def show_fields(fields: Mapping[str, object]) -> None:
    """Print one thing for a person: a field a line; empty fields are left out."""
    width = max((len(name) for name in fields), default=0)
    for name, value in fields.items():
        if value is not None and value != "":
            out(f"{name:<{width}}  {_told(value)}")


def _told(value: object) -> str:
    """A value as a person reads it: times to the second, several named values as a sentence's list."""
    match value:
        case datetime():
            return value.isoformat(timespec="seconds")
        case Mapping():
            return ", ".join(f"{name}: {_told(item)}" for name, item in value.items())
        case list() | tuple():
            return ", ".join(_told(item) for item in value)
    return _cell(value)


def _cell(value: object) -> str:
    plain: Plain = plainly(value)
    match plain:
        case None:
            return ""
        case bool():
            return "yes" if plain else "no"
        case str():
            return printable(plain)
        case list() | dict():
            return json_printable(json.dumps(plain, ensure_ascii=False))
    return str(plain)
