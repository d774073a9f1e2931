"""What came of a move, and what one would do, for a person.

Use: `show_receipt(receipt)` and `show_plan(plan)` print to stdout; `ending(receipt)` is half a sentence.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from mailsvc.cli.output import counted, out, show_fields, show_table

if TYPE_CHECKING:
    from mailsvc.desk.migrating import Preflight, Receipt

PLANNED = ("folder", "into", "holds", "messages", "octets", "too_large", "in_target")
MOVED = ("folder", "into", "found", "copied", "already_there", "possible_duplicates", "refused", "vanished", "octets")


def show_receipt(receipt: "Receipt") -> None:
    """A receipt for a person."""
    show_fields({"from": receipt.source, "to": receipt.target, "began": receipt.began, "ended": receipt.ended})
    rows = [
        {
            "folder": "/".join(one.folder),
            "into": "/".join(one.into),
            "found": one.found,
            "copied": one.copied,
            "already_there": one.already_there,
            "possible_duplicates": len(one.possible_duplicates),
            "refused": len(one.refused),
            "vanished": len(one.vanished),
            "octets": one.octets,
        }
        for one in receipt.folders
    ]
    out("")
    show_table(rows, MOVED)
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
    room = "" if plan.room.octets is None else f"{plan.room.octets / 1e6:,.1f} MB"
    show_fields(
        {
            "from": plan.source,
            "to": plan.target,
            "to move": f"{counted(plan.messages, 'message')}, {plan.octets / 1e6:,.1f} MB",
            "room": room,
            "messages at most": plan.room.messages,
            "largest message": plan.room.largest,
            "time": "" if plan.seconds is None else f"about {plan.seconds:,.0f} s",
        }
    )
    out("")
    rows = ({**_plain(one), "folder": "/".join(one.folder), "into": "/".join(one.into)} for one in plan.folders)
    show_table(rows, PLANNED)
    for name, why in plan.left_out.items():
        out(f"left out: {name}: {why}")
    for finding in plan.findings:
        out(f"look at: {finding}")


def _plain(one: object) -> dict[str, object]:
    return {name: getattr(one, name) for name in PLANNED}
