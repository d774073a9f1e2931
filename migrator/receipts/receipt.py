"""The receipt of a move: what was found, and what came of each of it. One that does not add up cannot be made.

    receipt = Receipt(source=…, target=…, began=…, ended=…, folders=(FolderReceipt(...), ...))
    receipt.complete, receipt.to_json()

A FolderReceipt raises NotCounted unless every message found at the source was copied, was there already, or is named
with the reason why it was not (found = copied + already there + possible duplicates + refused). Both sides' own counts
stand beside that: where the source counts more than it showed, or the target holds less than it was given, the number
must be told, and a Receipt raises NotCounted unless a finding names it. `migrator.receipts.signing` signs the JSON.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime

from migrator.mailbox import FolderName

FORMAT = 1


_COUNTS = (
    *("found", "copied", "already_there", "octets"),
    *("counted", "never_shown", "in_target", "no_longer_there", "changed"),
)


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
    counted: int | None = None  # how many the source says it holds; None where the folder is gone
    never_shown: int = 0  # of those counted
    in_target: int | None = None  # how many the target says it holds; None where it says nothing
    no_longer_there: int = 0  # of those put there
    changed: int = 0  # read back with other octets than were sent
    notes: tuple[str, ...] = ()  # flags or a special use that the target cannot keep, a name that had to change

    def __post_init__(self) -> None:
        name = "/".join(self.folder)
        if negative := [field for field in _COUNTS if (getattr(self, field) or 0) < 0]:
            raise NotCounted(f"{name}: {negative[0]} is less than nothing")
        if self.found != self.there + len(self.refused):
            raise NotCounted(
                f"{name}: {self.found} found, but {self.copied} copied, {self.already_there} already "
                f"there, {len(self.possible_duplicates)} possibly twice and {len(self.refused)} refused"
            )
        if (self.counted or 0) > self.found + self.never_shown:
            raise NotCounted(f"{name}: the source counts {self.counted}, and {self.found} were found")
        if self.in_target is not None and self.in_target + self.no_longer_there < self.there:
            raise NotCounted(f"{'/'.join(self.into)}: {self.there} were put there, and it holds {self.in_target}")

    @property
    def there(self) -> int:
        """How many were put into the target, or were found there."""
        return self.copied + self.already_there + len(self.possible_duplicates)

    @property
    def unclear(self) -> int:
        """How many a person must look for."""
        return self.never_shown + self.no_longer_there + self.changed


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
    independent: tuple[int, int] | None = None  # messages and octets by another count of the source (quota)
    read_back: bool = False  # whether every message was fetched again from the target and compared

    def __post_init__(self) -> None:
        if len({one.folder for one in self.folders}) < len(self.folders):
            raise NotCounted("a folder is told of twice")
        for one in self.folders:
            name = "/".join(one.folder)
            if one.unclear and not any(finding.startswith(f"{name}: ") for finding in self.findings):
                raise NotCounted(f"{name}: {one.unclear} messages are unclear, and no finding names them")

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
        """One line of ASCII with sorted keys: what is signed, and what a later version reads."""
        tree = {"format": FORMAT, **asdict(self), "began": self.began.isoformat(), "ended": self.ended.isoformat()}
        return json.dumps(tree, sort_keys=True, separators=(",", ":"))
