"""What a mailbox on a real server holds, read by Python's own client, and moves between two of them.

`fill(place)` puts in what movers trip over; `told(place)` is everything that a move must keep, by the names that people
read; `moved(source, target, folder)` moves with our engine, in this process.
"""

import hashlib
import imaplib
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from migrator.folder_names import decoded, encoded
from migrator.imap.dates import read_date
from migrator.imap.login import Password
from migrator.imap.session import Security, Server
from migrator.imap.sessions import Access
from migrator.imap.source import ImapSource
from migrator.imap.target import ImapTarget
from migrator.journals.file import JournalFile
from migrator.mailbox import FolderName, Source, Target
from migrator.moving import move
from migrator.receipts.receipt import Receipt
from schedules.clock import SystemClock

PASSWORD = "geheim-9"
PATIENCE = 300  # seconds that a move waits for a reply
COUNTS = {"INBOX": 7, "Sent": 40, "A": 0, "A/B c": 9, "A/B c/&ZeVnLIqe-": 3, "&2D3fUQ- 100%": 5, "x\\y*": 2, "none": 0}
Told = tuple[str, tuple[str, ...], datetime]


@dataclass(frozen=True)
class Place:
    """A user's mailbox on a server without TLS; `prefix` and `delimiter` are how it writes folders' names."""

    port: int
    user: str
    prefix: str = ""
    delimiter: str = "/"
    compress: bool = False

    def wire(self, name: str) -> str:
        text = name if name == "INBOX" else self.prefix + name.replace("/", self.delimiter)
        return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'

    @property
    def access(self) -> Access:
        return Access(
            Server("127.0.0.1", self.port, Security.NONE), Password(self.user, PASSWORD), PATIENCE, self.compress
        )

    def through(self, port: int) -> "Place":
        return replace(self, port=port)


@dataclass
class Contents:
    """SHA-256, flags and date of every message by folder, folders that are subscribed, and special uses."""

    messages: dict[str, list[Told]] = field(default_factory=dict)
    subscribed: set[str] = field(default_factory=set)
    uses: dict[str, str] = field(default_factory=dict)


@contextmanager
def client(place: Place) -> Iterator[imaplib.IMAP4]:
    with imaplib.IMAP4("127.0.0.1", place.port, timeout=60) as opened:
        opened.authenticate("PLAIN", lambda _: f"\0{place.user}\0{PASSWORD}".encode())
        yield opened


def octets(number: int, *, ended: bool) -> bytes:
    """Twins without Message-ID, one Message-ID for all others, a large one, lines of dots, octets of no alphabet."""
    if number == 1:
        return b"Subject: large\r\n\r\n" + (b"z" * 997 + b"\r\n") * 700
    if number in {2, 3}:
        return b"Subject: twins\r\n\r\n"
    text = b"Message-ID: <one@for.all>\r\nSubject: %d\r\n\r\n.\r\n\r\n\xff\xfe\r\nno end" % number
    return text + b"\r\n" * (1 if ended else number % 2)


def fill(place: Place, counts: Mapping[str, int] = COUNTS, *, ended: bool = False) -> None:
    """Put so many messages into folders; `ended`: each ends with a line end."""
    with client(place) as server:
        for name, count in counts.items():
            server.create(place.wire(name))
            if name != "none":
                server.subscribe(place.wire(name))
            for number in range(count):
                flags = "(\\Seen $Label1 foo)" if number % 2 else "(\\Flagged \\Answered \\Draft \\Deleted)"
                date = f'"{1 + number % 28:02d}-Jan-2001 00:00:00 +0900"'
                said, why = server.append(place.wire(name), flags, date, octets(number, ended=ended))
                assert said == "OK", why


def wired(name: FolderName, place: Place) -> str:
    """A folder's name as `told` writes it: in modified UTF-7, levels parted by a slash."""
    return encoded(place.delimiter.join(name)).decode("ascii").replace(place.delimiter, "/")


def told(place: Place) -> Contents:
    found = Contents()
    with client(place) as server:
        for _, name in _listed(place, server.lsub()[1]):
            found.subscribed.add(name)
        for attributes, name in _listed(place, server.list()[1]):
            for use in ("\\Sent", "\\Trash"):
                if use in attributes:
                    found.uses[name] = use
            if server.select(place.wire(name), readonly=True)[0] == "OK":
                found.messages[name] = _messages(server)
    return found


def _listed(place: Place, lines: Sequence[object]) -> Iterator[tuple[str, str]]:
    for line in lines:
        if isinstance(line, tuple):  # the name is a literal
            attributes, name = line[0].decode("ascii"), line[1].decode("ascii")
        elif isinstance(line, bytes) and line:
            attributes, _, rest = line.decode("ascii").partition(f' "{place.delimiter}" ')
            name = re.sub(r"\\(.)", r"\1", rest[1:-1]) if rest.startswith('"') else rest
        else:
            continue
        name = name.removeprefix(place.prefix).replace(place.delimiter, "/")
        assert decoded(name.encode("ascii")) is not None
        yield attributes, name


def _messages(server: imaplib.IMAP4) -> list[Told]:
    answered = server.uid("fetch", "1:*", "(FLAGS INTERNALDATE BODY.PEEK[])")[1]
    return [_message(one[0], one[1]) for one in answered if isinstance(one, tuple)]


def _message(said: bytes, content: bytes) -> Told:
    flags = tuple(sorted(flag.decode() for flag in imaplib.ParseFlags(said) if flag != b"\\Recent"))
    date = read_date(said.split(b'INTERNALDATE "')[1][:26].decode("ascii"))
    return hashlib.sha256(content).hexdigest(), flags, date.astimezone(UTC)


async def moved(
    source: Place | Source, target: Place | Target, folder: Path, *, pauses: tuple[float, ...] = (), most: int = 8
) -> Receipt:
    """Move, with a journal in `folder` and `most` connections to the target; what was put is read back."""
    ends: list[Source | Target] = []
    try:
        old = await ImapSource.open(source.access, spool=folder) if isinstance(source, Place) else source
        ends.append(old)
        new = await ImapTarget.open(target.access, most=most) if isinstance(target, Place) else target
        ends.append(new)
        with JournalFile.open(folder / "journal", source="old", target="new") as journal:
            return await move(old, new, journal, clock=SystemClock(), read_back=True, pauses=pauses)
    finally:
        for end in ends:
            await end.close()


def secret(folder: Path, text: str = PASSWORD) -> str:
    """A file that holds a secret as its only line."""
    file = folder / f"secret-{hashlib.sha256(text.encode()).hexdigest()[:8]}"
    file.write_text(f"{text}\n")
    file.chmod(0o600)
    return str(file)


def by_command(folder: Path, *words: str, **more: str) -> "subprocess.CompletedProcess[str]":
    """`lastpost migrate mailbox` as a program of its own; `more` is put into its environment."""
    environ = {**os.environ, "XDG_STATE_HOME": str(folder / "state"), **more}
    command = [sys.executable, "-m", "mailsvc.cli", "migrate", "mailbox", *words]
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environ)
