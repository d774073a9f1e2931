"""What stands in a file of mailboxes to be moved, column by column.

`COLUMNS` is in the order of the documents; `names()` is what a reader takes.
"""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Column:
    """One column."""

    name: str
    meaning: str
    example: str
    needed: bool = False


COLUMNS: Sequence[Column] = (
    Column(
        "source",
        "Where the mailbox is: a URL, or an address whose domain says it (RFC 6186).",
        "imaps://hanako%40old.example@imap.old.example",
        needed=True,
    ),
    Column("target", "Where it goes, written the same way.", "gmail:hanako@gmail.com", needed=True),
    Column("address", "Whose mailbox it is, where it is an address of ours; it may stay empty.", "hanako@old.example"),
    Column(
        "source_secret_file",
        "File (mode 600) with the password or token of the source; a relative path begins beside the CSV file.",
        "secrets/hanako.old",
    ),
    Column("target_secret_file", "The same for the target.", "secrets/hanako.new"),
    Column(
        "source_secret", "The password or token itself, where there is no file; the CSV file then has mode 600.", ""
    ),
    Column("target_secret", "The same for the target.", ""),
    Column("priority", "A whole number; lower goes first. Empty: 0.", "10"),
    Column(
        "not_before",
        "When it may begin, as 2026-11-20T22:00; without a zone, in the service's. Empty: at once.",
        "2026-11-20T22:00",
    ),
    Column("read_back", "yes: every message is read again from the target and compared. Empty: no.", "no"),
)
SECRETS = ("source_secret", "target_secret")


def names() -> tuple[str, ...]:
    """The names of all columns."""
    return tuple(one.name for one in COLUMNS)


def needed() -> tuple[str, ...]:
    """Those without which a file says nothing."""
    return tuple(one.name for one in COLUMNS if one.needed)
