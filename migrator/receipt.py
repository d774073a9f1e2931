"""The receipt of a move: what was found, and what came of each of it. One that does not add up cannot be made.

    receipt = Receipt(source=…, target=…, began=…, ended=…, folders=(FolderReceipt(...), ...))
    receipt.complete, receipt.to_json()

A FolderReceipt raises NotCounted unless every message found at the source was copied, was there already, or is named
with the reason why it was not (found = copied + already there + possible duplicates + refused), and the target, counted
anew, holds at least what it was given. `migrator.receipt_signing` signs the JSON.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime

from migrator.mailbox import FolderName

FORMAT = 1


class NotCounted(ValueError):
    """The numbers of a move do not add up; the message says which."""


@dataclass(frozen=True, slots=True)
class Named:
    """A message that needs a word: refused, possibly there twice, or gone before it could be read."""

    uid: int
    why: str
    size: int | None = None  # octets, where known

    def __post_init__(self) -> None:
        if not self.why.strip():
            raise NotCounted(f"message {self.uid} is named without a reason")


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderReceipt:
    """What came of one folder. Counts are messages; octets are of the source's messages."""

    folder: FolderName
    into: FolderName
    found: int
    copied: int = 0
    already_there: int = 0
    possible_duplicates: tuple[Named, ...] = ()
    refused: tuple[Named, ...] = ()
    vanished: tuple[Named, ...] = ()  # expunged at the source before they could be read: not among those found
    octets: int = 0
    digest: str = ""  # SHA-256, in hex, over the SHA-256 of each message that is there, by rising UID
    in_target: int | None = None  # counted anew in the target; None where nothing was put into it
    notes: tuple[str, ...] = ()  # flags or a special use that the target cannot keep, a name that had to change

    def __post_init__(self) -> None:
        there = self.copied + self.already_there + len(self.possible_duplicates)
        if self.found != there + len(self.refused):
            raise NotCounted(
                f"{'/'.join(self.folder)}: {self.found} found, but {self.copied} copied, {self.already_there} already "
                f"there, {len(self.possible_duplicates)} possibly twice and {len(self.refused)} refused"
            )
        if self.in_target is not None and self.in_target < there:
            raise NotCounted(f"{'/'.join(self.into)}: {there} were put there, but it holds {self.in_target}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What came of a whole move."""

    source: str  # told without secrets
    target: str
    began: datetime
    ended: datetime
    folders: tuple[FolderReceipt, ...]
    left_out: Mapping[str, str] = field(default_factory=dict)  # folders that are not ours to move, and why
    findings: tuple[str, ...] = ()  # what a person must look at, such as counts that do not agree
    read_back: bool = False  # whether every message was fetched again from the target and compared

    @property
    def found(self) -> int:
        """Messages found at the source."""
        return sum(one.found for one in self.folders)

    @property
    def refused(self) -> int:
        """Messages that are named as not taken."""
        return sum(len(one.refused) for one in self.folders)

    @property
    def complete(self) -> bool:
        """Whether nothing is missing and nobody must look at anything."""
        return not self.refused and not self.findings and not self.left_out

    def to_json(self) -> str:
        """One line with sorted keys: what is signed, and what a later version reads."""
        tree = {"format": FORMAT, **asdict(self), "began": self.began.isoformat(), "ended": self.ended.isoformat()}
        return json.dumps(tree, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
