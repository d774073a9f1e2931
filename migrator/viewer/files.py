"""What the viewer is told of a message, and what it answers: an archive gives places, the viewer what stands there."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from migrator.mailbox import FolderName


class Place(Protocol):
    """Where a message is in an archive. Paths are from the archive's root."""

    @property
    def folder(self) -> FolderName:
        """The folder it lies in."""
        ...

    @property
    def flags(self) -> frozenset[str]:
        r"""System flags as \Seen, and keywords."""
        ...

    @property
    def date(self) -> datetime:
        """INTERNALDATE, aware."""
        ...

    @property
    def eml(self) -> str:
        """Its own file."""
        ...

    @property
    def page(self) -> str:
        """Its page."""
        ...

    def attachment(self, wished: str) -> str:
        """Where an attachment of this name will stand: safe on every system, and given once."""
        ...


@dataclass(frozen=True, slots=True)
class Rendered:
    """A message to be looked at."""

    html: bytes
    attachments: Sequence[tuple[str, bytes]]
    row: Mapping[str, object]  # what the index needs of it
