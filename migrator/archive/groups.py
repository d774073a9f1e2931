"""A message with everything of it that goes into an archive together: its file, its page and its attachments.

    group = grouped(message, number, folder_path, viewer)

Raises OSError where its octets cannot be read; ValueError where a viewer gives an attachment a path of its own making.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from migrator.archive.layout import Entry
from migrator.archive.ledger import view_line
from migrator.archive.manifest import MessageRow
from migrator.archive.names import AttachmentPaths, eml_path
from migrator.archive.subjects import subject_of
from migrator.archive.viewing import LARGEST_SHOWN, Place, Viewer
from migrator.mailbox import Content, FolderName, Message

_AROUND = 700  # octets that a file takes besides its own: header, record, row


@dataclass(frozen=True, slots=True)
class Group:
    """What is written together."""

    row: MessageRow  # its CRC-32 is yet to be known
    content: Content
    files: Sequence[tuple[str, bytes, str]] = ()  # path, octets, kind
    view: bytes = b""  # the ledger's line for the viewer's index

    @property
    def octets(self) -> int:
        """How many it takes in a part, at the most as a rule."""
        own = self.content.size + sum(len(octets) for _, octets, _ in self.files)
        return own + _AROUND * (1 + len(self.files)) + 2 * len(self.view)


def grouped(message: Message, folder: FolderName, number: int, path: str, viewer: Viewer | None) -> Group:
    """A message as number `number`, in the folder at `path`."""
    first = next(iter(message.content.chunks()), b"")
    eml = eml_path(path, number, message.date, subject_of(first))
    entry = Entry(eml, message.content.size, 0, message.date)
    row = MessageRow(entry, message.content.sha256, number, folder, message.item.uid, message.item.flags)
    if viewer is None:
        return Group(row, message.content)
    place = Place(number, folder, message.item.flags, message.date, eml, AttachmentPaths(number))
    shown = _octets(message.content)
    rendered = viewer.page(shown, place, cut=len(shown) < message.content.size)
    if not {one for one, _ in rendered.attachments} <= place.attachments.given:
        raise ValueError("a viewer gave an attachment a path that the archive did not give")
    attachments = ((one, octets, "attachment") for one, octets in rendered.attachments)
    files = (*attachments, (place.page, rendered.html, "page"))
    return Group(row, message.content, files, view_line(rendered.row))


def _octets(content: Content) -> bytes:
    """The octets of a message, as many as a viewer is given."""
    return b"".join(_first(content))[:LARGEST_SHOWN]


def _first(content: Content) -> Iterator[bytes]:
    seen = 0
    for octets in content.chunks():
        yield octets
        seen += len(octets)
        if seen >= LARGEST_SHOWN:
            return
