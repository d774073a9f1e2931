"""What goes into mbox files comes out of them, octet by octet."""

import hashlib
import json
import mailbox
import re
import tempfile
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from migrator.mailbox import MailFolder, SpecialUse, Stored
from migrator.mbox.source import MboxSource
from migrator.mbox.target import MboxTarget
from tests.rules.migrator.mbox.boxes import TOKYO, files, message, octets, put, read, read_all

PIECES = [
    b"From ", b">From ", b">>From x", b"Subject: x", b"\r\n", b"\r\n\r\n", b"\n", b"\n\n", b"\r", b"\r\r\n",
    b"\xff\xfe", b".", b"From a@b Wed Jul 17 02:44:25 1996\r\n", b"\x1b$B4A\x1b(B", b"\0", b"text",
]  # fmt: skip
OCTETS = st.lists(st.sampled_from(PIECES), max_size=14).map(b"".join)
FLAGS = st.frozensets(st.sampled_from(["\\Seen", "\\Flagged", "$Forwarded", "重要"]))
ZONES = st.sampled_from([UTC, timezone(timedelta(hours=-9, minutes=-30))])
EDGES = st.sampled_from(
    [
        datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=14))),
        datetime(9999, 12, 31, 23, tzinfo=timezone(-timedelta(hours=12))),
    ]
)
SECONDS = st.integers(-62_135_000_000, 253_402_000_000).map(lambda count: timedelta(seconds=count))
DATES = st.builds(lambda since, zone: (datetime(1970, 1, 1, tzinfo=UTC) + since).astimezone(zone), SECONDS, ZONES)


@given(st.lists(st.tuples(OCTETS, FLAGS, DATES | EDGES), max_size=6))
@settings(max_examples=60, deadline=None)
async def test_octets_flags_and_dates_come_back(given_: list[tuple[bytes, frozenset[str], datetime]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "box"
        await put(root, [message(some, *flags, date=date) for some, flags, date in given_])
        source = MboxSource(root)
        found = await read(source)
        await source.close()
    assert [(octets(one), one.item.flags, one.date) for one in found] == given_
    assert [one.date.utcoffset() for one in found] == [date.utcoffset() for _, _, date in given_]


@given(st.lists(OCTETS.map(lambda some: some.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")), max_size=6))
@settings(max_examples=60, deadline=None)
async def test_the_standard_library_finds_the_same_messages(given_: list[bytes]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "box"
        await put(root, [message(some) for some in given_])
        box = mailbox.mbox(root / "INBOX.mbox", create=False)
        found = [box.get_bytes(key) for key in box.iterkeys()]
        box.close()
    plain = [re.sub(rb"(?m)^>(>*From )", rb"\1", some).replace(b"\n", b"\r\n") for some in found]
    assert [some.removesuffix(b"\r\n") for some in plain] == [some.removesuffix(b"\r\n") for some in given_]


async def test_what_a_folder_is_for_stays_though_a_later_source_does_not_say_it(tmp_path: Path) -> None:
    for folder in (MailFolder(("Sent",), SpecialUse.SENT), MailFolder(("Sent",), subscribed=True)):
        target = MboxTarget(tmp_path / "box", source="x")
        await target.make([folder])
        await target.finish()
        await target.close()
    source = MboxSource(tmp_path / "box")
    (found,) = await source.folders()
    await source.close()
    assert (found.special_use, found.subscribed) == (SpecialUse.SENT, True)


async def test_a_second_run_appends_and_numbers_go_on(tmp_path: Path) -> None:
    await put(tmp_path / "box", [message(b"one\r\n"), message(b"two")])
    first = (tmp_path / "box/INBOX.mbox").read_bytes()
    outcomes = await put(tmp_path / "box", [message(b"three\r\n", "\\Seen", date=TOKYO)])
    assert outcomes == [Stored(1, 3)]
    assert (tmp_path / "box/INBOX.mbox").read_bytes().startswith(first)
    assert [octets(one) for one in await read(MboxSource(tmp_path / "box"))] == [b"one\r\n", b"two", b"three\r\n"]
    assert files(tmp_path / "box") == ["INBOX.mbox", "manifest.json"]


async def test_the_file_is_mboxrd_with_the_senders_and_dates_in_utc(tmp_path: Path) -> None:
    await put(
        tmp_path,
        [
            message(b"Return-Path: <jiro@old.example>\r\n\r\nFrom here\r\n>From there\r\n", date=TOKYO),
            message(b"Return-Path: <>\r\n\r\nbounce"),
            message(b"Subject: x\r\n\r\nReturn-Path: <no@header.example>\r\n"),
        ],
    )
    assert (tmp_path / "INBOX.mbox").read_bytes() == (
        b"From jiro@old.example Fri Feb  2 19:05:06 2001\nReturn-Path: <jiro@old.example>\n\n"
        b">From here\n>>From there\n\n"
        b"From MAILER-DAEMON Wed Jul 17 02:44:25 1996\nReturn-Path: <>\n\nbounce\n\n"
        b"From MAILER-DAEMON Wed Jul 17 02:44:25 1996\nSubject: x\n\nReturn-Path: <no@header.example>\n\n"
    )


async def test_the_manifest_tells_what_an_mbox_cannot(tmp_path: Path) -> None:
    await put(tmp_path, [message(b"a\nb", "\\Seen", "重要", date=TOKYO)], ("受信", "請求"))
    told = json.loads((tmp_path / "manifest.json").read_text())
    assert told["folders"] == [
        {"name": ["受信", "請求"], "file": "受信/請求.mbox", "octets": 49, "messages": 1, "subscribed": True}
    ]
    assert told["messages"] == [
        {
            "folder": 0, "uid": 1, "at": 44, "octets": 3, "size": 3, "sha256": hashlib.sha256(b"a\nb").hexdigest(),
            "flags": ["\\Seen", "重要"], "date": "2001-02-03T04:05:06+09:00", "exact": True,
        }
    ]  # fmt: skip


async def test_damage_is_missing_and_the_rest_comes(tmp_path: Path) -> None:
    await put(tmp_path, [message(b"one\r\n"), message(b"two\r\n"), message(b"three\r\n")])
    file = tmp_path / "INBOX.mbox"
    file.write_bytes(file.read_bytes().replace(b"two", b"twO"))
    found = await read_all(MboxSource(tmp_path))
    assert [getattr(one, "why", "") for one in found] == ["", "its octets are not those that were written", ""]


@pytest.mark.parametrize("size", [900_000, 3_000_000])
async def test_large_messages_pass_in_pieces(tmp_path: Path, size: int) -> None:
    large = b"Subject: large\r\n\r\n" + b">From me\r\nFrom you\r\n" * (size // 19)
    await put(tmp_path, [message(large), message(b"small\r\n")])
    source = MboxSource(tmp_path)
    found = await read(source)
    assert octets(found[0]) == octets(found[0]) == large
    assert found[0].content.sha256 == hashlib.sha256(large).digest()
    for one in found:
        one.content.forget()
    await source.close()
