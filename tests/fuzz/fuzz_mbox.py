"""Fuzz target: any octets as an mbox are read in order and within the file, and what is put comes back as it was.

Use: `target(data)` with bytes from a fuzzer, starting from SEEDS. The octets are walked through as somebody's mbox;
then each message found is written as ours, and read again.
"""

import io
import os
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from migrator.content import Kept
from migrator.mailbox import INBOX, Item, MailboxRefused, Message
from migrator.mbox.catalogue import Catalogue
from migrator.mbox.envelopes import date_of
from migrator.mbox.headers import flags_in, identity
from migrator.mbox.manifest import Manifest
from migrator.mbox.quoting import quoted, softly_crlf, unquoted
from migrator.mbox.regions import as_written, region
from migrator.mbox.scanning import Scan
from migrator.mbox.writing import append

_FROM = b"From jiro@old.example Wed Jul 17 02:44:25 1996\n"
_WHEN = datetime(1996, 7, 17, 2, 44, 25, tzinfo=UTC)
_HEAD = b'{"format": "mboxrd", "version": 1, "folders": [\n'
SEEDS: list[bytes] = [
    _FROM + b"Subject: a\n\n>From b\n>>From c\n\n" + _FROM + b"Status: RO\nX-Keywords: a b\n\ntwo\n\n",
    b"From - Wed Jul 17 02:44:25 1996\r\nX-Mozilla-Status: 0001\r\n\r\none\r\n\r\nFrom \r\nSubject: x\r\n\r\n",
    _FROM + b"Content-Length: 4\nX-IMAP: 1 2\nSubject: DON'T DELETE THIS MESSAGE -- FOLDER INTERNAL DATA\n\nabcde\n\n",
    b"\n\n" + _FROM + b"\n" + b">" * 40 + b"From x\n" + _FROM[:-1],
    _HEAD + b'{"name": ["INBOX"], "file": "INBOX.mbox", "octets": 9, "messages": 1, "subscribed": true}\n'
    b'], "messages": [\n{"folder": 0, "uid": 1, "at": 4, "octets": 2, "size": 2, "sha256": "' + b"00" * 32 + b'", '
    b'"flags": ["x"], "date": "1996-07-17T02:44:25+00:00"}\n]}\n',
]


def target(data: bytes) -> None:
    """Read `data` as an mbox and as a manifest; write what was found and read it back."""
    _quoting(data)
    with tempfile.TemporaryDirectory(prefix="fuzz-mbox-") as folder:
        path = Path(folder) / "m"
        path.write_bytes(data)
        bodies = _walked(path, data)
        if len(data) % 8 == 0:  # it takes its time
            _catalogued(path)
        _written(Path(folder) / "ours", [data, *bodies])
    _manifest(data)


def _quoting(data: bytes) -> None:
    pieces = [data[at : at + 3] for at in range(0, len(data), 3)]
    there = b"".join(quoted(pieces))
    _hold(not there.startswith(b"From ") and b"\nFrom " not in there, "a From_ line is not quoted")
    _hold(b"".join(unquoted([there])) == data, "quoting loses octets")
    _hold(b"".join(softly_crlf(pieces)) == b"".join(softly_crlf([data])), "cuts make a difference")


def _walked(path: Path, data: bytes) -> list[bytes]:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        found = list(Scan(descriptor).found())
    finally:
        os.close(descriptor)
    last, bodies = 0, []
    for one in found:
        _hold(last <= one.at <= one.end <= len(data), "a message lies outside of the file, or within another")
        last = one.end
        bodies.append(data[one.at : one.end])
        date = date_of(one.line)
        _hold(date is None or date.utcoffset() is not None, "a date names no zone")
        _hold(all(flag.isprintable() and " " not in flag for flag in flags_in(bodies[-1])), "a flag is none")
        _hold(identity([bodies[-1]]) == identity([bodies[-1]]), "an identity changes")
    return bodies


def _catalogued(path: Path) -> None:
    catalogue = Catalogue(path)
    try:
        listed, _ = catalogue.look()
        rows = [row for one in listed for row in one.rows(by="uid")]
        _hold(len({row.uid for row in rows}) == len(rows), "two messages have one UID")
    finally:
        catalogue.close()


def _written(path: Path, bodies: list[bytes]) -> None:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        messages = [Message(INBOX, Item(1, frozenset()), _WHEN, Kept(body)) for body in bodies]
        written = append(descriptor, 0, messages, 1)
        for row, body in zip(written.rows, bodies, strict=True):
            content = region(descriptor, row, as_written(row))
            _hold(b"".join(content.chunks()) == body, "a message comes back otherwise than it was")
        _hold(len(list(Scan(descriptor).found())) == len(bodies), "others find other messages")
    finally:
        os.close(descriptor)


def _manifest(data: bytes) -> None:
    try:
        manifest = Manifest(Path("manifest.json"), io.BytesIO(data))
        for _, rows in manifest.filled():
            for row in rows:
                _hold(row.at >= 0 and row.octets >= 0 and len(row.sha256) == 32, "a row is none")
    except MailboxRefused:
        return


def _hold(held: bool, what: str) -> None:
    if not held:
        raise AssertionError(what)
