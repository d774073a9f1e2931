"""What came of a move, and what one would do, for a person.

Use: `show_receipt(receipt)` and `show_plan(plan)` print to stdout; `ending(receipt)` is half a sentence.
On a terminal noughts, and names that stay as they are, are left blank, so that what is worth a look stands out.
"""

import sys
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

from mailsvc.cli.output import counted, out, show_fields, show_table
from schedules.durations import print_duration

if TYPE_CHECKING:
    from mailsvc.desk.migrating import Preflight, Receipt
    from migrator.mailbox import FolderName

PLANNED = ("folder", "into", "holds", "messages", "octets", "too_large", "in_target")
MOVED = ("folder", "into", "found", "copied", "already_there", "possible_duplicates", "refused", "vanished", "octets")
_ALWAYS = frozenset({"messages", "found"})  # told where they are nought, too


def show_receipt(receipt: "Receipt") -> None:
    """A receipt for a person."""
    show_fields({"from": receipt.source, "to": receipt.target, "began": receipt.began, "ended": receipt.ended})
    rows = [
        {
            "folder": one.folder,
            "into": one.into,
            "found": one.found,
            "copied": one.copied,
            "already_there": one.already_there,
            "possible_duplicates": len(one.possible_duplicates),
            "refused": len(one.refused),
            "vanished": len(one.vanished),
            "octets": one.octets,
        }
        for one in sorted(receipt.folders, key=lambda one: _place(one.folder))
    ]
    out("")
    _show(rows, MOVED)
    for line in _named(receipt):
        out(line)


def _named(receipt: "Receipt") -> Iterator[str]:
    """Everything that a person should look at, a line each."""
    for folder in receipt.folders:
        name = "/".join(folder.folder)
        for what, ones in (
            ("refused", folder.refused),
            ("possible duplicate", folder.possible_duplicates),
            ("gone before it was read", folder.vanished),
        ):
            yield from (f"{name}: message {one.uid} {what}: {one.why}" for one in ones)
        yield from (f"{name}: {note}" for note in folder.notes)
    yield from (f"left out: {name}: {why}" for name, why in receipt.left_out.items())
    yield from (f"look at: {finding}" for finding in receipt.findings)


def ending(receipt: "Receipt") -> str:
    """How a move ended, in half a sentence."""
    if receipt.complete:
        return "all of them are in the target"
    parts = (
        (receipt.refused, "message refused", "messages refused"),
        (len(receipt.left_out), "folder left out", "folders left out"),
        (len(receipt.findings), "finding", "findings"),
    )
    return (
        ", ".join(f"{count} {one if count == 1 else more}" for count, one, more in parts if count) + ": each is named"
    )


def show_plan(plan: "Preflight") -> None:
    """What a move would do, for a person."""
    show_fields(
        {
            "from": plan.source,
            "to": plan.target,
            "to move": f"{counted(plan.messages, 'message')}, {_size(plan.octets)}",
            "room": "" if plan.room.octets is None else _size(plan.room.octets),
            "messages at most": plan.room.messages,
            "largest message": "" if plan.room.largest is None else _size(plan.room.largest),
            "time": "" if plan.seconds is None else f"about {_length(plan.seconds)}, if the target keeps up",
        }
    )
    out("")
    folders = sorted(plan.folders, key=lambda one: _place(one.folder))
    _show([{name: getattr(one, name) for name in PLANNED} for one in folders], PLANNED)
    for name, why in plan.left_out.items():
        out(f"left out: {name}: {why}")
    for finding in plan.findings:
        out(f"look at: {finding}")


def _show(rows: Sequence[Mapping[str, object]], columns: Sequence[str]) -> None:
    """The INBOX first, then by name; a program gets every number as it is."""
    plain = sys.stdout.isatty()
    heads = {name: "size" if plain and name == "octets" else name.replace("_", " ") for name in columns}
    show_table(({heads[name]: _cell(name, row, plain=plain) for name in columns} for row in rows), [*heads.values()])


def _cell(name: str, row: Mapping[str, object], *, plain: bool) -> object:
    value = row[name]
    if isinstance(value, tuple):
        return "" if plain and name == "into" and value == row["folder"] else "/".join(value)
    if not plain or not isinstance(value, int):
        return value
    if not value and name not in _ALWAYS:
        return ""
    return _size(value) if name == "octets" else f"{value:,}"


def _place(folder: "FolderName") -> tuple[bool, "FolderName"]:
    return folder != ("INBOX",), folder


def _size(octets: int) -> str:
    return f"{octets / 1e6:,.1f} MB"


def _length(seconds: float) -> str:
    """A guess, as roughly as it is known."""
    return print_duration(timedelta(seconds=round(seconds) if seconds < 100 else round(seconds / 60) * 60))
