"""Tables for a person at a terminal: aligned, without colour, and never cut.

Use: `for line in table_lines(rows, columns, width): ...`. Columns without a value in any row are left out; those
that do not fit beside the others stand below their row, indented, each with its name.
Fails: never; a single value wider than the terminal is left to the terminal to fold.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice

from rich.cells import cell_len

BATCH = 500  # rows that are aligned with one another: a million of them need no memory
_GAP = 2
_INDENT = 4

Row = Mapping[str, str]


def table_lines(rows: Iterable[Row], columns: Sequence[str], width: int) -> Iterator[str]:
    """The lines of a table that is `width` cells wide; each batch of rows has its own header and alignment."""
    coming = iter(rows)
    while batch := list(islice(coming, BATCH)):
        used = [name for name in columns if any(row.get(name) for row in batch)]
        widths = {name: max(cell_len(name), *(cell_len(row.get(name, "")) for row in batch)) for name in used}
        beside = _beside(used, widths, width)
        below = [name for name in used if name not in beside]
        yield _line({name: name for name in beside}, beside, widths)
        for row in batch:
            yield _line(row, beside, widths)
            yield from _below(row, below, width)


def _beside(used: Sequence[str], widths: Mapping[str, int], width: int) -> list[str]:
    """The columns that fit on one line; the first always does."""
    chosen: list[str] = []
    left = width
    for name in used:
        if not chosen or widths[name] <= left:
            chosen.append(name)
            left -= widths[name] + _GAP
    return chosen


def _line(row: Row, names: Sequence[str], widths: Mapping[str, int]) -> str:
    cells = ((row.get(name, ""), widths[name]) for name in names)
    return (" " * _GAP).join(cell + " " * (wide - cell_len(cell)) for cell, wide in cells).rstrip()


def _below(row: Row, names: Sequence[str], width: int) -> Iterator[str]:
    line = ""
    for piece in (f"{name}: {row[name]}" for name in names if row.get(name)):
        longer = f"{line}{' ' * (_GAP if line else _INDENT)}{piece}"
        if line and cell_len(longer) > width:
            yield line
            longer = " " * _INDENT + piece
        line = longer
    if line:
        yield line
