"""What an archive asks of a viewer: pages that any browser shows, made while the messages are put in.

A `Viewer` is handed to `ZipTarget`, which knows nothing else of it; without one an archive holds the messages alone.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from migrator.archive.names import AttachmentPaths, page_path
from migrator.mailbox import FolderName, SpecialUse

LARGEST_SHOWN = 33_554_432  # octets of a message that a viewer is given


@dataclass(frozen=True, slots=True)
class Place:
    """Where a message is in the archive. Paths are from the archive's root, parts of them joined by /."""

    number: int  # rises over all parts
    folder: FolderName
    flags: frozenset[str]
    date: datetime  # INTERNALDATE, aware
    eml: str
    attachments: AttachmentPaths

    @property
    def page(self) -> str:
        """Where its page will stand."""
        return page_path(self.number)

    def attachment(self, wished: str) -> str:
        """Where an attachment of this name will stand: a path that is safe, and given once."""
        return self.attachments.give(wished)


class Rendered(Protocol):
    """A message to be looked at."""

    @property
    def html(self) -> bytes:
        """Its page."""
        ...

    @property
    def attachments(self) -> Sequence[tuple[str, bytes]]:
        """Paths, as `Place.attachment` gave them, and octets."""
        ...

    @property
    def row(self) -> Mapping[str, object]:
        """What the index needs of it, as JSON can hold it."""
        ...


class Viewer(Protocol):
    """Makes pages and the index."""

    def page(self, octets: bytes, place: Place, *, cut: bool) -> Rendered:
        """Show a message, whatever it is; `cut`: these are only its first octets. Never raises."""
        ...

    def files(
        self,
        rows: Iterator[Mapping[str, object]],
        *,
        part: int,
        folders: Mapping[FolderName, SpecialUse | None],
    ) -> Iterator[tuple[str, bytes | Iterable[bytes]]]:
        """The files of the index of a part, from the rows of its messages in order. These alone may be in each part.

        `folders` are all that there are by then, each with what its source announced it to be.
        """
        ...
