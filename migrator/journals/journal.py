"""The journal of one move: what was intended before it was done, and what came of it. It outlives every kill.

A mark is known by folder, UIDVALIDITY and UID of the source. An Intent is durable before anything is sent, a Settlement
after it was answered; what stands intended at a start may or may not have arrived, and is looked for in the target
before it is sent again. `migrator.journals.file` keeps one in a file.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
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


THERE = frozenset({Settled.COPIED, Settled.ALREADY_THERE, Settled.POSSIBLE_DUPLICATE})  # in the target
_OPEN = frozenset({Settled.REFUSED, Settled.VANISHED})


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
    why: str = ""  # never empty where it is refused, vanished or possibly twice; of an intended one: why it may be
    target_uidvalidity: int | None = None
    target_uid: int | None = None

    @property
    def wanted(self) -> bool:
        """Whether it is to be put (again) as long as the source has it."""
        return self.settled is None or self.settled in _OPEN


@dataclass(frozen=True, slots=True)
class Intent:
    """Messages about to be put into one folder, and the target folder's state before that."""

    into: FolderName
    before: FolderState
    marks: tuple[Mark, ...]


@dataclass(frozen=True, slots=True)
class Settlement:
    """What came of messages; what stands under the keys `instead_of` is dropped with it."""

    marks: tuple[Mark, ...]
    instead_of: tuple[Key, ...] = ()

    def __post_init__(self) -> None:
        if any(mark.settled is None for mark in self.marks):
            raise ValueError("what is settled says how")


class Journal(Protocol):
    """Keeps the marks of one move between one source and one target. Threads may call it; one at a time is served."""

    def write(self, changes: Sequence[Intent | Settlement]) -> None:
        """Durable, all of it, before it returns."""
        ...

    def intended(self) -> Iterator[Intent]:
        """What was intended and never settled."""
        ...

    def known(self, folder: FolderName, uidvalidity: int) -> Iterator[Mark]:
        """Every mark of a folder so numbered, the intended ones too, by rising UID; others may be written meanwhile."""
        ...

    def state(self, folder: FolderName) -> FolderState | None:
        """The source folder's state when all of it was settled last; None where it never was."""
        ...

    def finish(self, states: Mapping[FolderName, FolderState]) -> None:
        """All that each folder held in this state is settled; its marks under another UIDVALIDITY are dropped."""
        ...

    def former(self, folder: FolderName, uidvalidity: int) -> Iterator[Mark]:
        """Settled marks of a folder under other UIDVALIDITYs than this: it was numbered anew since."""
        ...

    def names(self) -> Mapping[FolderName, FolderName]:
        """Which folder of the source goes into which of the target: decided once."""
        ...

    def name(self, names: Mapping[FolderName, FolderName]) -> None:
        """Keep to these names from now on. Durable before it returns."""
        ...

    def subscribed(self) -> frozenset[FolderName]:
        """Which folders of the source were subscribed when it was looked at last."""
        ...

    def subscribe(self, folders: Collection[FolderName]) -> None:
        """These alone are subscribed at the source by now. Durable before it returns."""
        ...

    def notes(self) -> Mapping[FolderName, Sequence[str]]:
        """What is to be told of each folder of the source, in the order it was noted."""
        ...

    def note(self, folder: FolderName, text: str) -> None:
        """Tell this of a folder in every receipt from now on, once. Durable before it returns."""
        ...

    def counts(self) -> Mapping[FolderName, Mapping[Settled, tuple[int, int]]]:
        """Messages and octets by folder and outcome."""
        ...

    def marks(self, folder: FolderName, settled: Settled | None = None) -> Iterator[Mark]:
        """Marks of a folder, by rising UID; of one outcome alone where that is named."""
        ...
