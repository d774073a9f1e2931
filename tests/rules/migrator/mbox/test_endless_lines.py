"""An mbox whose lines do not end: as much memory as for any other, and each octet is read a few times, however many."""

import hashlib
import os
import tracemalloc
from pathlib import Path

import pytest

from migrator.mailbox import INBOX, Message, Wanted
from migrator.mbox.source import MboxSource

FROM = b"From jiro@old.example Wed Jul 17 02:44:25 1996\n"
LINE = 8_000_000  # octets
MEMORY = 6_000_000  # octets; half of them are needed, whatever the line's length
READ = 6  # times that each octet is read: found, told apart, measured, checked, given


@pytest.mark.parametrize(
    ("before", "sign"),
    [
        (b"Subject: x\n\n", b"\0"),
        (b"Subject: x\n\n", b">"),
        (b"Subject: x\n\n>", b"From "),
        (b"Subject: x\n\n", b"\r"),
        (b"", b"a"),
        (b"Status: ", b" "),
        (b"Subject: x\n ", b"\t"),
    ],
)
async def test_a_line_without_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, before: bytes, sign: bytes) -> None:
    path, read = tmp_path / "m", 0
    path.write_bytes(FROM + before + sign * (LINE // len(sign)))
    wanted = path.stat().st_size - len(FROM)
    pread = os.pread

    def counted(file: int, octets: int, at: int) -> bytes:
        nonlocal read
        found = pread(file, octets, at)
        read += len(found)
        return found

    monkeypatch.setattr(os, "pread", counted)
    tracemalloc.start()
    try:
        source = MboxSource(path)
        await source.folders()
        sizes = list[int]()
        async for one in source.messages([Wanted(INBOX)]):
            assert isinstance(one, Message)
            whole = hashlib.sha256()
            size = 0
            for octets in one.content.chunks():
                whole.update(octets)
                size += len(octets)
            assert whole.digest() == one.content.sha256
            sizes.append(size)
        await source.close()
        assert tracemalloc.get_traced_memory()[1] < MEMORY
    finally:
        tracemalloc.stop()
    assert len(sizes) == 1
    assert wanted <= sizes[0] <= wanted + 10
    assert read <= READ * (wanted + 1_000_000)
