"""The journal of one move: what was intended before it was done, and what came of it. It outlives every kill.

A mark is known by folder, UIDVALIDITY and UID of the source. `intend` is durable before anything is sent, `settle`
after it was answered; what stands intended at a start may or may not have arrived, and is looked for in the target
before it is sent again. `migrator.journal_file` keeps one in a file.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from migrator.mailbox import FolderName, FolderState


class Settled(StrEnum):
    """What came of a message."""

    COPIED = "copied"
    ALREADY_THERE = "already-there"  # found in the target with the same octets
    POSSIBLE_DUPLICATE = "possible-duplicate"  # sent again, since nobody could know whether it had arrived
    REFUSED = "refused"  # named with its reason
    VANISHED = "vanished"  # expunged at the source before it could be read


@dataclass(frozen=True, slots=True, order=True)
class Key:
    """One message of the source."""

    folder: FolderName
    uidvalidity: int
    uid: int


@dataclass(frozen=True, slots=True)
class Mark:
    """What the journal knows of one message."""

    key: Key
    size: int
    sha256: bytes  # of the source's octets, lines ended by CRLF
    flags: frozenset[str]
    settled: Settled | None = None  # None: intended
    why: str = ""  # of REFUSED, never empty there
    target_uidvalidity: int | None = None
    target_uid: int | None = None


@dataclass(frozen=True, slots=True)
class Intent:
    """Messages about to be put into one folder, and the target folder's state before that."""

    into: FolderName
    before: FolderState
    marks: tuple[Mark, ...]


class Journal(Protocol):
    """Keeps the marks of one move between one source and one target."""

    def intend(self, intent: Intent) -> None:
        """Durable before it returns."""
        ...

    def settle(self, marks: Sequence[Mark]) -> None:
        """Durable before it returns; each mark is settled."""
        ...

    def intended(self) -> Iterator[Intent]:
        """What was intended and never settled."""
        ...

    def settled_uids(self, folder: FolderName, uidvalidity: int) -> Iterator[tuple[int, frozenset[str], int | None]]:
        """UID, flags as last seen, and the UID in the target, by rising UID."""
        ...

    def state(self, folder: FolderName) -> FolderState | None:
        """The source folder's state when all of it was settled last; None where it never was."""
        ...

    def finish(self, folder: FolderName, state: FolderState) -> None:
        """All that the folder held in that state is settled."""
        ...

    def forget(self, folder: FolderName, uidvalidity: int) -> Sequence[Mark]:
        """The folder is numbered anew: give its old marks, by which what is there is known again, and drop them."""
        ...

    def counts(self) -> Mapping[FolderName, Mapping[Settled, tuple[int, int]]]:
        """Messages and octets by folder and outcome."""
        ...

    def marks(self, folder: FolderName, settled: Settled | None = None) -> Iterator[Mark]:
        """Marks of a folder, by rising UID; of one outcome alone where that is named."""
        ...
