"""What the viewer hands to an archive, and what it needs to know of it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from migrator.mailbox import FolderName


class Names(Protocol):
    """How an archive names its files."""

    def page_path(self, number: int) -> str:
        """Where the page of a message stands."""
        ...

    def attachment_path(self, number: int, wished: str, taken: Sequence[str]) -> str:
        """Where an attachment of it stands, beside those of `taken`."""
        ...


@dataclass(frozen=True, slots=True)
class About:
    """What is known of a message beside its octets."""

    number: int  # its own in all parts of the archive
    folder: FolderName
    flags: frozenset[str]
    date: datetime  # INTERNALDATE, aware
    original: str  # path of its EML in the archive


@dataclass(frozen=True, slots=True)
class File:
    """A file of an archive."""

    path: str
    octets: bytes


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that is decoded when it is written, one after the other."""

    path: str
    octets: Callable[[], bytes]


@dataclass(frozen=True, slots=True)
class Rendered:
    """A message as a page, its attachments, and its row for the index: one line of JSON."""

    page: File
    attachments: Sequence[Attachment]
    row: bytes
