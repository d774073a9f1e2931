"""Messages for the viewer, and an archive made of them and unpacked, as somebody has it on a disk."""

import struct
import zlib
from base64 import b64encode
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.header import Header
from pathlib import Path

from migrator.mailbox import FolderName, SpecialUse
from migrator.viewer.files import Rendered
from migrator.viewer.viewer import Viewer

START = datetime(2019, 5, 12, 14, 3, tzinfo=UTC)


@dataclass(frozen=True)
class PlainPlace:
    """A message's place in an archive, as simple as can be."""

    number: int = 1
    folder: FolderName = ("INBOX",)
    flags: frozenset[str] = frozenset()
    given: list[str] = field(default_factory=list)

    @property
    def date(self) -> datetime:
        return START + timedelta(hours=self.number)

    @property
    def eml(self) -> str:
        return f"mail/{self.number}.eml"

    @property
    def page(self) -> str:
        return f"pages/{self.number:06d}.html"

    def attachment(self, wished: str) -> str:
        name = wished.replace("/", "_")
        path = f"attachments/{self.number:06d}/{name}"
        self.given.append(path if path not in self.given else f"attachments/{self.number:06d}/{len(self.given)}-{name}")
        return self.given[-1]


def rendered(octets: bytes, *, cut: bool = False) -> Rendered:
    return Viewer().page(octets, PlainPlace(), cut=cut)


def page(octets: bytes, *, cut: bool = False) -> str:
    return rendered(octets, cut=cut).html.decode()


def png(red: int = 200, green: int = 60, blue: int = 60, side: int = 48) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    lines = (b"\0" + bytes((red, green, blue)) * side) * side
    head = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(lines)) + chunk(b"IEND", b"")


def leaf(kind: str, content: bytes | str, **fields: str) -> bytes:
    """A part in base64, with further fields of its header (`content_id="<a>"`)."""
    octets = content.encode() if isinstance(content, str) else content
    extra = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in fields.items())
    head = f"Content-Type: {kind}\r\nContent-Transfer-Encoding: base64\r\n{extra}\r\n"
    digits = b64encode(octets)
    lines = (digits[at : at + 76] for at in range(0, len(digits), 76))
    return head.encode() + b"\r\n".join(lines) + b"\r\n"


def multipart(kind: str, *parts: bytes, boundary: str = "=_limit") -> bytes:
    head = f'Content-Type: multipart/{kind}; boundary="{boundary}{kind}"\r\n\r\n'.encode()
    limit = f"--{boundary}{kind}".encode()
    return head + b"".join(limit + b"\r\n" + part + b"\r\n" for part in parts) + limit + b"--\r\n"


def message(subject: str, body: bytes, sender: str = "山田 太郎 <taro@example.jp>", when: datetime = START) -> bytes:
    """A message with encoded words in its header; `body` begins with Content- fields."""
    name, _, address = sender.partition(" <")
    fields = {
        "From": f"{Header(name, 'utf-8').encode()} <{address}",
        "To": "hanako@closing.example",
        "Subject": Header(subject, "utf-8").encode(),
        "Date": f"{when:%a, %d %b %Y %H:%M:%S} +0900",
        "Message-ID": f"<{abs(hash((subject, when)))}@example.jp>",
        "MIME-Version": "1.0",
    }
    return "".join(f"{name}: {value}\r\n" for name, value in fields.items()).encode() + body


@dataclass(frozen=True)
class Mail:
    """A message and where it lies."""

    octets: bytes
    folder: FolderName = ("INBOX",)
    flags: tuple[str, ...] = ("\\Seen",)


@dataclass
class Unpacked:
    """Parts of an archive, unpacked into one folder."""

    root: Path
    numbers: int = 0
    folders: Mapping[FolderName, SpecialUse | None] = field(default_factory=dict)

    def part(self, number: int, mails: Iterable[Mail]) -> None:
        rows = list[Mapping[str, object]]()
        mails = list(mails)
        folders = {**{mail.folder: None for mail in mails}, **self.folders}
        for mail in mails:
            self.numbers += 1
            place = PlainPlace(self.numbers, mail.folder, frozenset(mail.flags))
            shown = Viewer().page(mail.octets, place, cut=False)
            rows.append(shown.row)
            for path, octets in ((place.page, shown.html), (place.eml, mail.octets), *shown.attachments):
                self.write(path, octets)
        for path, octets in Viewer().files(rows, part=number, folders=folders):
            self.write(path, octets)

    def write(self, path: str, octets: bytes) -> None:
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(octets)
