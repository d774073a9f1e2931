"""An archive takes everything of a mailbox, in parts, and gives it back as it was."""

import hashlib
import json
import subprocess
from datetime import datetime, timedelta, timezone
from pathlib import Path
from zipfile import ZIP_STORED, ZipFile

import pytest

from migrator.archive.extract import extract
from migrator.archive.source import ZipSource
from migrator.archive.verify import verify
from migrator.mailbox import (
    INBOX,
    FolderState,
    Item,
    MailFolder,
    Message,
    SpecialUse,
    StaleFolder,
    Stored,
)
from tests.rules.migrator.archive.made import NOW, SENT, PlainViewer, files, made, message, octets, read, target

JAPAN = timezone(timedelta(hours=9))


def unzipped(path: Path) -> str:
    return subprocess.run(["unzip", "-t", path], capture_output=True, text=True, check=True).stdout


async def test_octets_flags_dates_folders_and_uses_come_back(tmp_path: Path) -> None:
    path, at = tmp_path / "hanako.zip", datetime(2019, 4, 1, 23, 59, 57, tzinfo=JAPAN)
    raw = b"Subject: \xff\x00\r\nno end of line, \nbare\r and all"
    await made(path, message(7, raw, ["\\Seen", "$Later"], at=at), message(8, folder=SENT))
    source = ZipSource(path)
    inbox, sent = await source.folders()
    assert (inbox.name, inbox.subscribed, inbox.special_use) == (INBOX, True, None)
    assert (sent.name, sent.subscribed, sent.special_use) == (SENT, False, SpecialUse.SENT)
    assert [item async for item in source.items(INBOX)] == [Item(1, frozenset({"\\Seen", "$Later"}), len(raw))]
    await source.close()
    (one,) = await read(path)
    assert isinstance(one, Message)
    assert (octets(one), one.date, one.date.utcoffset()) == (raw, at, timedelta(hours=9))
    assert one.content.sha256 == hashlib.sha256(raw).digest()


@pytest.mark.real("unzip")
async def test_other_programs_see_files_with_their_names_and_times(tmp_path: Path) -> None:
    path = tmp_path / "hanako.zip"
    await made(path, message(1, "Subject: 請求書\r\n\r\nx".encode()), message(2, folder=SENT))
    with ZipFile(path) as part:
        assert part.testzip() is None
        first, second, manifest = part.infolist()
        assert first.filename == "mail/INBOX/2001-02-03 請求書 (1).eml"
        assert second.filename == "mail/送信済み/a_b/2001-02-03 letter 2 (2).eml"
        assert (first.date_time, first.compress_type, first.flag_bits) == ((2001, 2, 3, 4, 5, 6), ZIP_STORED, 0x800)
        assert part.read(first) == "Subject: 請求書\r\n\r\nx".encode()
        told = json.loads(part.read(manifest))
    assert (manifest.filename, told["format"], told["version"]) == ("manifest-1.json", "lastpost archive", 1)
    rows = [row for row in told["rows"] if row["kind"] == "message"]
    assert (rows[1]["folder"], rows[1]["uid"], rows[0]["date"]) == (list(SENT), 2, "2001-02-03T04:05:06+00:00")
    assert "No errors detected" in unzipped(path)


async def test_a_full_part_is_followed_by_another_and_a_large_message_has_its_own(tmp_path: Path) -> None:
    path, limit = tmp_path / "hanako.zip", 20_000
    letters = [message(number, b"Subject: x\r\n\r\n" + b"y" * 2_000) for number in range(1, 21)]
    large = message(99, b"Subject: large\r\n\r\n" + b"z" * 50_000)
    await made(path, *letters, large, message(100), part_octets=limit)
    sizes = {name: (tmp_path / name).stat().st_size for name in files(tmp_path)}
    over = [name for name, size in sizes.items() if size > limit]
    assert len(sizes) > 4
    assert len(over) == 1
    with ZipFile(tmp_path / over[0]) as part:
        assert sum(name.endswith(".eml") for name in part.namelist()) == 1
    verdict = verify(path)
    assert (verdict.findings, verdict.messages, verdict.parts) == ([], 22, len(sizes))
    assert [octets(one) for one in await read(path)][:20] == [octets(one) for one in letters]


async def test_a_second_run_makes_a_new_part_that_names_all(tmp_path: Path) -> None:
    path = tmp_path / "hanako.zip"
    await made(path, message(1))
    before = path.read_bytes()
    await made(path, message(2, flags=["\\Flagged"]))
    assert files(tmp_path) == ["hanako-2.zip", "hanako.zip"]
    assert path.read_bytes() == before
    with ZipFile(tmp_path / "hanako-2.zip") as part:
        told = json.loads(part.read("manifest-2.json"))
        pinned = hashlib.sha256(ZipFile(path).read("manifest-1.json")).hexdigest()
    assert [one["file"] for one in told["parts"]] == ["hanako.zip", "hanako-2.zip"]
    assert told["parts"][0]["manifest_sha256"] == pinned
    assert [octets(one) for one in await read(path)] == [octets(message(1)), octets(message(2))]


async def test_a_run_with_nothing_new_makes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "hanako.zip"
    await made(path, message(1))
    await made(path, folders=())
    assert files(tmp_path) == ["hanako.zip"]


async def test_a_mailbox_of_empty_folders_is_an_archive_too(tmp_path: Path) -> None:
    await made(tmp_path / "hanako.zip")
    source = ZipSource(tmp_path / "hanako.zip")
    assert [(one.name, one.state and one.state.messages) for one in await source.folders()] == [(INBOX, 0), (SENT, 0)]
    await source.close()


async def test_what_was_put_is_found_again_and_read_back_before_and_after_it_has_its_name(tmp_path: Path) -> None:
    into = target(tmp_path / "hanako.zip", part_octets=3_000)
    await into.folders()
    await into.make([MailFolder(INBOX), MailFolder(SENT)])
    state = await into.mark(INBOX)
    letters = [message(number) for number in range(1, 8)]
    stored = [one for one in await into.put(INBOX, letters) if isinstance(one, Stored)]
    wanted = [(at, one.content.size, one.content.sha256) for at, one in enumerate(letters, 1)]
    assert [one.uid for one in stored] == [1, 2, 3, 4, 5, 6, 7]
    for _ in range(2):
        assert [one async for one in into.since(INBOX, state)] == wanted
        assert [one async for one in into.digests(INBOX, [2, 9, 7])] == [wanted[1], wanted[6]]
        assert (await into.mark(INBOX)) == FolderState(1, 8, 7)
        await into.finish()
    assert [one async for one in into.since(INBOX, FolderState(1, 6, 0))] == wanted[5:]
    assert [one async for one in into.since(SENT, state)] == []
    with pytest.raises(StaleFolder):
        _ = [one async for one in into.since(INBOX, FolderState(2, 1, 0))]
    with pytest.raises(StaleFolder):
        await into.mark(("gone",))
    await into.close()


async def test_a_viewer_s_pages_attachments_and_index_stand_in_each_part(tmp_path: Path) -> None:
    path, viewer = tmp_path / "hanako.zip", PlainViewer(names=["../a?.exe", "../A?.EXE"])
    await made(path, message(1), message(2), part_octets=4_000, viewer=viewer)
    await made(path, message(3, flags=["\\Seen"]), viewer=viewer)
    with ZipFile(tmp_path / files(tmp_path)[0]) as part:
        assert part.testzip() is None
    with ZipFile(path) as part:
        assert part.namelist() == [
            "attachments/000001/_._a_.exe",
            "attachments/000001/_._A_ (2).EXE",
            "pages/000001.html",
            "mail/INBOX/2001-02-03 letter 1 (1).eml",
            "index.html",
            "viewer/part-1.js",
            "manifest-1.json",
        ]
        assert part.read("viewer/part-1.js") == b"pages/000001.html\n"
    assert viewer.uses == {INBOX: None, SENT: SpecialUse.SENT}
    assert verify(path).findings == []
    extracted = extract(path, tmp_path / "out")
    assert (extracted.files, extracted.findings) == (3 * 4 + 2 * 3 - 2, [])
    assert {one.name for one in (tmp_path / "out" / "viewer").iterdir()} == {f"part-{part}.js" for part in (1, 2, 3)}


async def test_files_of_somebody_else_are_never_overwritten_not_even_by_the_viewer_s(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, out = tmp_path / "hanako.zip", tmp_path / "out"
    await made(path, message(1), viewer=PlainViewer())
    out.mkdir()
    for name in ("index.html", "manifest-1.json"):
        (out / name).write_bytes(b"mine")
    assert sorted(one.entry for one in extract(path, out).findings) == ["index.html", "manifest-1.json"]
    assert {(out / name).read_bytes() for name in ("index.html", "manifest-1.json")} == {b"mine"}
    for name in ("index.html", "manifest-1.json"):
        (out / name).unlink()
    assert extract(path, out).findings == []
    monkeypatch.setattr(PlainViewer, "files", lambda *_, **__: iter([("index.html", b"new")]))
    await made(path, message(2), viewer=PlainViewer())
    assert extract(path, out).findings == []
    assert (out / "index.html").read_bytes() == b"new"


async def test_a_viewer_is_given_no_more_of_a_message_than_fits_the_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("migrator.archive.groups.LARGEST_SHOWN", 1_000)
    viewer = PlainViewer()
    await made(tmp_path / "a.zip", message(1), message(2, b"x" * 1_001), viewer=viewer)
    assert viewer.cuts == [False, True]


async def test_dates_that_no_zip_can_write_are_kept_in_the_manifest(tmp_path: Path) -> None:
    dates = [datetime(1, 1, 1, tzinfo=JAPAN), datetime(1970, 1, 1, tzinfo=JAPAN), datetime(9999, 12, 31, tzinfo=JAPAN)]
    await made(tmp_path / "a.zip", *(message(number, at=at) for number, at in enumerate(dates, 1)))
    assert [one.date for one in await read(tmp_path / "a.zip") if isinstance(one, Message)] == dates
    assert verify(tmp_path / "a.zip").findings == []
    with ZipFile(tmp_path / "a.zip") as part:
        assert [one.date_time[0] for one in part.infolist()] == [1980, 1980, 2107, NOW.year]
    assert extract(tmp_path / "a.zip", tmp_path / "out").findings == []
