"""mbox files that other programs wrote: each message once, as it stands there."""

import os
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migrator.mailbox import INBOX, MailboxLimited, MailboxRefused, StaleFolder, Wanted
from migrator.mbox import scanning
from migrator.mbox.envelopes import date_of, separates
from migrator.mbox.headers import flags_in
from migrator.mbox.source import MboxSource
from migrator.mbox.target import MboxTarget
from tests.rules.migrator.mbox.boxes import WHEN, message, octets, put, read, read_all

FROM = b"From jiro@old.example Wed Jul 17 02:44:25 1996\n"


async def texts(path: Path) -> list[bytes]:
    source = MboxSource(path)
    found = [octets(one) for one in await read(source)]
    await source.close()
    return found


def laid(path: Path, octets: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(octets)
    return path


@pytest.mark.parametrize(
    ("line", "date"),
    [
        (b"From a@b Wed Jul 17 02:44:25 1996\n", WHEN),
        (b"From a@b  Wed Jul 17 02:44:25 1996 remote from x\r\n", WHEN),
        (b"From - Wed Jul 17 02:44:25 1996\n", WHEN),
        (b"From a@b Wed Jul  7 2:44 1996\n", WHEN.replace(day=7, second=0)),
        (b"From a@b Wed Jul 17 02:44:25 JST 1996\n", WHEN.replace(tzinfo=timezone(timedelta(hours=9)))),
        (b"From a@b Wed Jul 17 02:44:25 -0730 1996\n", WHEN.replace(tzinfo=timezone(-timedelta(hours=7, minutes=30)))),
        (b"From a@b Wed Jul 17 02:44:25 1996 +0900\n", WHEN.replace(tzinfo=timezone(timedelta(hours=9)))),
        (b"From a@b Wed Jul 37 02:44:25 1996\n", None),
        (b"From \n", None),
    ],
)
def test_a_from_line_tells_its_date(line: bytes, date: datetime | None) -> None:
    assert date_of(line) == date
    assert separates(line, b"Subject: x\n", blank=True)


@pytest.mark.parametrize(
    ("line", "following", "blank"),
    [
        (b"From here on\n", b"Subject: x\n", True),
        (b"From \n", b"and so on\n", True),
        (b"From \n", b"Subject: x\n", False),
        (FROM, b"text\n", False),
        (b">From a@b Wed Jul 17 02:44:25 1996\n", b"Subject: x\n", True),
    ],
)
def test_what_only_looks_like_one_is_text(line: bytes, following: bytes, *, blank: bool) -> None:
    assert not separates(line, following, blank=blank)


async def test_thunderbird_dovecot_and_sloppy_writers(tmp_path: Path) -> None:
    path = laid(
        tmp_path / "Inbox",
        b"From - Wed Jul 17 02:44:25 1996\r\nX-Mozilla-Status: 1005\r\nX-Mozilla-Status2: 00000000\r\n\r\none\r\n\r\n"
        b"From \r\nX-Mozilla-Status: 0000\r\n\r\ntwo\r\n"
        b"From a@b Wed Jul 17 02:44:25 1996\nStatus: RO\nX-Status: A\nX-Keywords: $Label1 foo\nX-UID: 3\n\n"
        b"From here\nthree\n\n\nFrom a@b Wed Jul 17 02:44:26 1996\nSubject: last\n\nno end",
    )
    found = await read(MboxSource(path))
    assert [octets(one).partition(b"\r\n\r\n")[2] for one in found] == [
        b"one\r\n", b"two\r\n", b"From here\r\nthree\r\n\r\n", b"no end"
    ]  # fmt: skip
    assert octets(found[0]).startswith(b"X-Mozilla-Status: 1005\r\n")
    assert [one.item.flags for one in found] == [
        {"\\Seen", "\\Flagged", "$Forwarded"}, set(), {"\\Seen", "\\Answered", "$Label1", "foo"}, set()
    ]  # fmt: skip
    assert found[3].date == WHEN.replace(second=26)


async def test_mboxrd_is_told_from_mboxo_by_lines_of_several_signs(tmp_path: Path) -> None:
    rd = laid(tmp_path / "rd", FROM + b"\n>From a\n>>From b\ntext\n>>From c\n\n")
    assert await texts(rd) == [b"\r\nFrom a\r\n>From b\r\ntext\r\n>From c\r\n"]
    old = laid(tmp_path / "o", FROM + b"\n>From a\n>> said\n>>From b\n>> more\n>>From c\n\n")
    assert await texts(old) == [b"\r\n>From a\r\n>> said\r\n>>From b\r\n>> more\r\n>>From c\r\n"]
    plain = laid(tmp_path / "plain", FROM + b"\n\n>From a\n\n")
    assert await texts(plain) == [b"\r\n\r\nFrom a\r\n"]


async def test_a_content_length_hides_no_message(tmp_path: Path) -> None:
    path = laid(tmp_path / "m", FROM + b"Content-Length: 999\n\none\n\n" + FROM + b"Subject: two\n\ntwo\n\n")
    assert len(await texts(path)) == 2


@given(
    st.lists(st.sampled_from([b"a\n", b"From x\n", b">From y\n", b"\n", b"z" * 3000 + b"\n"]), max_size=20), st.data()
)
def test_messages_begin_where_they_begin_however_the_file_is_cut(lines: list[bytes], data: st.DataObject) -> None:
    count = data.draw(st.integers(1, 6))
    whole = b"".join(FROM + b"Subject: %d\n\n" % number + b"".join(lines) + b"\n" for number in range(count))
    descriptor = os.memfd_create("mbox")
    os.write(descriptor, whole)
    try:
        before, scanning._CHUNK = scanning._CHUNK, data.draw(st.integers(4100, 9000))
        found = list(scanning.Scan(descriptor).found())
    finally:
        scanning._CHUNK = before
        os.close(descriptor)
    assert len(found) == count
    assert [one.line for one in found] == [FROM] * count


async def test_reading_again_knows_the_same_messages_though_flags_changed_and_more_came(tmp_path: Path) -> None:
    path = laid(tmp_path / "m", FROM + b"Status: O\nSubject: a\n\none\n\n" + (FROM + b"Subject: t\n\ntwin\n\n") * 2)
    source = MboxSource(path)
    (before,) = await source.folders()
    first = {one.uid async for one in source.items(INBOX)}
    path.write_bytes(path.read_bytes().replace(b"Status: O\n", b"Status: RO\n") + FROM + b"Subject: new\n\nnew\n\n")
    (after,) = await source.folders()
    items = [one async for one in source.items(INBOX)]
    await source.close()
    assert before.state != after.state
    assert len(first) == 3
    assert first < {one.uid for one in items}
    assert len(items) == 4
    assert {"\\Seen"} in [one.flags for one in items]


async def test_a_file_that_changes_while_it_is_read_is_looked_at_again(tmp_path: Path) -> None:
    path = laid(tmp_path / "m", FROM + b"Subject: a\n\none\n\n" + FROM + b"Subject: b\n\ntwo\n\n")
    source = MboxSource(path)
    await source.folders()
    path.write_bytes(FROM + b"Subject: longer than before\n\n" + path.read_bytes())
    with pytest.raises(StaleFolder, match="changed while"):
        _ = [one async for one in source.messages([Wanted(INBOX)])]
    assert len(await read(source)) == 3
    await source.close()


async def test_folders_of_thunderbird_apple_and_dovecot(tmp_path: Path) -> None:
    one = FROM + b"Subject: x\n\nx\n\n"
    for name in ("Inbox", "Sent", "Sent.sbd/2001", "Archive.mbox/mbox", "&U,BTFw-", "受信/請求.mbox", "INBOX.mbox"):
        laid(tmp_path / name, one)
    for name in ("Inbox.msf", ".hidden", "filters.dat"):
        laid(tmp_path / name, b"// index")
    laid(tmp_path / "photo.jpg", b"\xff\xd8")
    laid(tmp_path / "Empty", b"")
    (tmp_path / "elsewhere").symlink_to("/etc")
    source = MboxSource(tmp_path)
    folders = await source.folders()
    await source.close()
    assert {"/".join(folder.name): folder.left_out for folder in folders} == {
        "INBOX": "", "INBOX 2": "", "Sent": "", "Sent/2001": "", "Archive": "", "台北": "", "受信/請求": "",
        "Empty": "", "photo.jpg": "the file photo.jpg is no mbox",
    }  # fmt: skip


async def test_what_is_none_or_not_finished_or_changed_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MailboxRefused, match="is not there"):
        await MboxSource(tmp_path / "none").folders()
    with pytest.raises(MailboxRefused, match="no mbox in"):
        await MboxSource(tmp_path).folders()
    await put(tmp_path / "box", [message(b"one\r\n")], finish=False)
    with pytest.raises(MailboxRefused, match="not finished"):
        await MboxSource(tmp_path / "box").folders()
    await put(tmp_path / "box", [message(b"two\r\n")])
    assert await texts(tmp_path / "box") == [b"one\r\n", b"two\r\n"]
    (tmp_path / "box/INBOX.mbox").write_bytes((tmp_path / "box/INBOX.mbox").read_bytes() + FROM + b"\nmore\n\n")
    with pytest.raises(MailboxRefused, match="was changed"):
        await MboxSource(tmp_path / "box").folders()
    with pytest.raises(MailboxRefused, match="was changed"):
        await put(tmp_path / "box", [message(b"three\r\n")])
    (tmp_path / "box/manifest.json").unlink()
    (tmp_path / "box/manifest.ledger").unlink(missing_ok=True)
    assert await texts(tmp_path / "box") == [b"one\r\n", b"two\r\n", b"\r\nmore\r\n"]


async def test_an_mbox_of_others_is_not_written_to(tmp_path: Path) -> None:
    path = laid(tmp_path / "INBOX.mbox", FROM + b"\ntheirs\n\n")
    with pytest.raises(MailboxRefused, match="is there already"):
        await put(tmp_path, [message(b"ours\r\n")])
    assert path.stat().st_size == len(FROM + b"\ntheirs\n\n")


async def test_two_writers_do_not_meet(tmp_path: Path) -> None:
    await put(tmp_path, [message(b"one\r\n")], finish=False)
    one, other = MboxTarget(tmp_path, source="x"), MboxTarget(tmp_path, source="x")
    await one.folders()
    with pytest.raises(MailboxLimited, match="another process"):
        await other.folders()
    await one.close()
    await other.close()


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('"file": "../x.mbox"', "leads out"),
        ('"file": "/etc/passwd"', "is absolute"),
        ('"octets": -1', "octets is no number"),
        ('"octets": 1e9', "octets is no number"),
        ('"name": []', "has no name"),
    ],
)
async def test_a_hostile_manifest_is_refused(tmp_path: Path, line: str, said: str) -> None:
    await put(tmp_path, [message(b"one\r\n")])
    manifest = tmp_path / "manifest.json"
    lines = manifest.read_text().split("\n")
    lines[1] = lines[1].replace("}", f", {line}}}")
    manifest.write_text("\n".join(lines))
    with pytest.raises(MailboxRefused, match=said):
        await read_all(MboxSource(tmp_path))
    for cut in range(0, len(manifest.read_bytes()) - 1, 7):
        manifest.write_bytes(manifest.read_bytes()[:-7])
        with pytest.raises(MailboxRefused):
            await read_all(MboxSource(tmp_path))
        assert cut >= 0


def test_flags_of_headers() -> None:
    assert flags_in(b"Status: RO\r\nX-Status: FTD\r\n\r\nStatus: R\r\n") == {
        "\\Seen", "\\Flagged", "\\Draft", "\\Deleted"
    }  # fmt: skip
    assert flags_in(b"X-Mozilla-Status: zz\n\n") == set()
    assert datetime(1996, 7, 17, 2, 44, 25, tzinfo=UTC) == WHEN
