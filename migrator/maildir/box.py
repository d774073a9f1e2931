"""One folder of a Maildir that messages are put into: their files' names, numbers and keywords.

A name is made of when it was given (microseconds, rising within the folder: the message's UID) and of what it is (the
move, and the message's place and octets in its source): `1700000000.M000001L<8 of the move><24 of the message>.host`.
So a message that a run which was killed had stored already is found, and not stored again.
Blocks, but for `named`. Raises OSError, MailboxAway.
"""

import hashlib
import os
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from migrator.disk.files import DIRECTORY, Owner
from migrator.disk.numbers import UIDVALIDITY
from migrator.mailbox import FolderState, Message
from migrator.maildir.keywords import LOCKED, Keywords, added
from migrator.maildir.listing import Entry, listed
from migrator.maildir.lock import sweep

_OURS = re.compile(r"([0-9]{1,12})\.M([0-9]{6})L([0-9a-f]{32})\.", re.ASCII)
_MOVE = 8
_FAR = 2**33 * 1_000_000  # microseconds, in 2242: behind a file that tells a later time our names would not fit _OURS


@dataclass(frozen=True, slots=True)
class Place:
    """Where a message goes: its UID, and its file's name without sizes and flags; `there`: it has been stored."""

    uid: int
    name: str
    there: bool = False


@dataclass(slots=True)
class Box:
    """What is known of one folder. Made by `Box.of`."""

    path: Path
    move: str  # names the move: eight hex digits
    host: str
    owner: Owner | None
    keywords: Keywords
    _last: int = 0
    _stored: dict[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, path: Path, *, move: str, host: str, owner: Owner | None) -> "Box":
        """Look at a folder; what a killed run has left in `tmp` or locked is removed."""
        box = cls(path, move, host, owner, Keywords.read(path))
        for uid, entry in numbered(listed(path)):
            box._last = max(box._last, uid) if uid < _FAR else box._last
            mark = _mark(entry.file)
            if mark.startswith(move):
                box._stored[mark] = uid
        for name in _names_in(path / "tmp"):
            if _mark(name).startswith(move):
                (path / "tmp" / name).unlink(missing_ok=True)
        sweep(path / LOCKED)
        return box

    def state(self, micros: int) -> FolderState:
        """The state now; what is put from now on has at least this UIDNEXT. `micros`: microseconds since the epoch."""
        self._last = max(self._last, micros)
        return FolderState(UIDVALIDITY, self._last + 1, len(listed(self.path)))

    def named(self, message: Message, now: Callable[[], int]) -> Place:
        """Where a message goes. Quick; `now` gives microseconds since the epoch."""
        mark = self.move + _identity(message)
        if mark in self._stored:
            return Place(self._stored[mark], "", there=True)
        self._last = max(self._last + 1, now())
        seconds, micros = divmod(self._last, 1_000_000)
        return Place(self._last, f"{seconds}.M{micros:06d}L{mark}.{self.host}")

    def keep(self, places: Iterable[Place]) -> None:
        """These have been stored."""
        self._stored.update((_mark(one.name), one.uid) for one in places if not one.there)

    def learn(self, flags: Sequence[frozenset[str]]) -> None:
        """Give keywords that are new here their letters."""
        every = frozenset().union(*flags)
        if self.keywords.lacks(every):
            self.keywords = added(self.path, every, self.owner)


def numbered(entries: Iterable[Entry]) -> Iterator[tuple[int, Entry]]:
    """The messages that were put by a move, whichever, with their UIDs."""
    for entry in entries:
        found = _OURS.match(entry.file)
        if found:
            yield int(found[1]) * 1_000_000 + int(found[2]), entry


def plain_host(host: str) -> str:
    """A host's name as it can stand in a file's name."""
    return re.sub(r"[^A-Za-z0-9.-]", "_", host)[:64] or "localhost"


def open_part(path: Path, part: str) -> int:
    """A descriptor of `cur` or `tmp`; a symbolic link is refused."""
    return os.open(path / part, DIRECTORY)


def _mark(file: str) -> str:
    found = _OURS.match(file)
    return found[3] if found else ""


def _identity(message: Message) -> str:
    whole = hashlib.sha256()
    for level in message.folder:
        whole.update(level.encode("utf-8", "surrogatepass") + b"\0")
    whole.update(f"\0{message.item.uid}\0".encode() + message.content.sha256)
    return whole.hexdigest()[: 32 - _MOVE]


def _names_in(part: Path) -> list[str]:
    try:
        return os.listdir(part)  # noqa: PTH208 - names are wanted, not paths
    except FileNotFoundError:
        return []
