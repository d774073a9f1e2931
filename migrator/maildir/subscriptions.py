r"""Which folders of a Maildir are subscribed: Dovecot's file `subscriptions`, and Courier's, which is read alone.

    subscribed(root)                         # {("INBOX",), ("A", "B c")}
    subscribe(root, [("Sent",)], owner)      # durable, under Dovecot's lock

Dovecot writes a name a line, since version 2.2.17 under `V 2` with its levels parted by tabs, before with dots.
Blocks. Raises OSError, MailboxAway.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path

from migrator.disk.files import Owner, read_small, write_whole
from migrator.mailbox import INBOX, FolderName
from migrator.maildir.folders import level_read, level_written
from migrator.maildir.lock import dotlock

FILE = "subscriptions"
COURIER = "courierimapsubscribed"
_HEADER = "V\t2"
_ESCAPES = {"\x010": "\0", "\x011": "\x01", "\x01t": "\t", "\x01n": "\n", "\x01r": "\r"}


def subscribed(root: Path) -> frozenset[FolderName]:
    """Every folder that is subscribed, whether it is there or not."""
    return frozenset([*_by_dovecot(_lines(root / FILE)), *_by_courier(_lines(root / COURIER))])


def subscribe(root: Path, folders: Iterable[FolderName], owner: Owner | None) -> None:
    """Add to those that are subscribed."""
    with dotlock(root / FILE):
        lines = _lines(root / FILE)
        known = set(_by_dovecot(lines))
        fresh = [name for name in folders if name not in known]
        if not fresh:
            return
        lines = lines or [_HEADER, ""]
        sign = "\t" if lines[0] == _HEADER else "."
        lines += [sign.join(level_written(level) for level in name) for name in fresh]
        write_whole(root / FILE, "".join(f"{line}\n" for line in lines).encode("utf-8", "surrogateescape"), owner)


def _lines(file: Path) -> list[str]:
    return (read_small(file) or b"").decode("utf-8", "surrogateescape").split("\n")[:-1]


def _by_dovecot(lines: list[str]) -> Iterator[FolderName]:
    tabs = bool(lines) and lines[0] == _HEADER
    for line in lines[1:] if tabs else lines:
        if line:
            yield _name(line.split("\t" if tabs else "."))


def _by_courier(lines: list[str]) -> Iterator[FolderName]:
    """`INBOX.Sent` is the folder Sent; what stands elsewhere is none of this Maildir."""
    for line in lines:
        levels = line.split(".")
        if levels[0] == INBOX[0]:
            yield _name(levels[1:] or levels)


def _name(levels: list[str]) -> FolderName:
    name = tuple(level_read(_unescaped(level)) for level in levels)
    return INBOX if len(name) == 1 and name[0].upper() == INBOX[0] else name


def _unescaped(level: str) -> str:
    for written, sign in _ESCAPES.items():
        level = level.replace(written, sign)
    return level
