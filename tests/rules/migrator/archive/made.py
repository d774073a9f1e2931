"""Archives for tests, and messages to put into them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from migrator.archive.source import ZipSource
from migrator.archive.target import ZipTarget
from migrator.archive.viewing import Place, Viewer
from migrator.content import Kept
from migrator.mailbox import INBOX, FolderName, Item, MailFolder, Message, Missing, SpecialUse, Stored, Wanted

AT = datetime(2001, 2, 3, 4, 5, 6, tzinfo=UTC)
NOW = datetime(2026, 4, 1, 9, 0, 1, tzinfo=UTC)
SENT = ("送信済み", "a:b")
PART = 2_000_000_000


def message(
    number: int, octets: bytes = b"", flags: Sequence[str] = (), *, folder: FolderName = INBOX, at: datetime = AT
) -> Message:
    text = octets or b"Subject: letter %d\r\n\r\nhello\r\n" % number
    return Message(folder, Item(number, frozenset(flags)), at, Kept(text))


def target(path: Path, *, part_octets: int = PART, viewer: Viewer | None = None) -> ZipTarget:
    return ZipTarget(
        path, source="imaps://hanako@old.example:993", now=lambda: NOW, viewer=viewer, part_octets=part_octets
    )


async def made(
    path: Path,
    *messages: Message,
    part_octets: int = PART,
    viewer: Viewer | None = None,
    folders: Sequence[MailFolder] = (MailFolder(INBOX, subscribed=True), MailFolder(SENT, SpecialUse.SENT)),
) -> None:
    """One run that puts these messages, each into its own folder."""
    into = target(path, part_octets=part_octets, viewer=viewer)
    await into.folders()
    await into.make(folders)
    for one in messages:
        assert isinstance((await into.put(one.folder, [one]))[0], Stored)
    await into.finish()
    await into.close()


async def read(path: Path, *names: FolderName) -> list[Message | Missing]:
    source = ZipSource(path)
    try:
        return [one async for one in source.messages([Wanted(name) for name in names or (INBOX,)])]
    finally:
        await source.close()


def octets(one: Message | Missing) -> bytes:
    assert isinstance(one, Message), one
    return b"".join(one.content.chunks())


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@dataclass(frozen=True)
class Shown:
    """A message as this viewer shows it."""

    html: bytes
    row: Mapping[str, object]
    attachments: Sequence[tuple[str, bytes]] = ()


@dataclass
class PlainViewer:
    """Shows octets as they are, and attaches what it is told to."""

    names: Sequence[str] = ()
    cuts: list[bool] = field(default_factory=list)
    uses: dict[FolderName, SpecialUse | None] = field(default_factory=dict)

    def page(self, octets: bytes, place: Place, *, cut: bool) -> Shown:
        self.cuts.append(cut)
        attachments = [(place.attachment(name), b"attached " + name.encode()) for name in self.names]
        return Shown(b"<pre>" + octets[:100], {"page": place.page, "flags": sorted(place.flags)}, attachments)

    def files(
        self,
        rows: Iterator[Mapping[str, object]],
        *,
        part: int,
        folders: Mapping[FolderName, SpecialUse | None],
    ) -> Iterator[tuple[str, bytes | Iterable[bytes]]]:
        self.uses |= folders
        yield "index.html", b"<title>mail</title>"
        yield f"viewer/part-{part}.js", (str(row["page"]).encode() + b"\n" for row in rows)
