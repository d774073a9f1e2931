"""An archive that somebody else has made to harm: refused, with the entry named, before anything is written."""

import fcntl
import os
import stat
import zlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

import pytest

from migrator.archive.errors import BadArchive
from migrator.archive.extract import extract
from migrator.archive.layout import Entry, central, ending, local
from migrator.archive.listing import listed
from migrator.archive.manifest import Earlier, FileRow, FolderRow, Head, MessageRow, Row, lines, row_line
from migrator.archive.source import ZipSource
from migrator.archive.verify import verify
from migrator.mailbox import INBOX, MailboxAway, MailboxRefused

AT = datetime(2001, 2, 3, tzinfo=UTC)
MAIL = b"Subject: x\r\n\r\nx"


def entry(path: str, octets: bytes = MAIL) -> Entry:
    return Entry(path, len(octets), zlib.crc32(octets), AT)


def mail(path: str, number: int = 1, octets: bytes = MAIL) -> MessageRow:
    return MessageRow(entry(path, octets), sha256(octets).digest(), number, INBOX, number, frozenset())


def page(path: str, octets: bytes = MAIL) -> FileRow:
    return FileRow(entry(path, octets), sha256(octets).digest(), "page")


def written(
    path: Path,
    rows: Sequence[Row],
    *,
    octets: bytes = MAIL,
    part: int = 1,
    earlier: tuple[Earlier, ...] = (),
    manifest: Callable[[bytes], bytes] = bytes,
    record: Callable[[bytes], bytes] = bytes,
    told: Sequence[Row] | None = None,
) -> Path:
    """A part as ours are, of such rows, whatever they say; `manifest` and `record` change what stands there."""
    head = Head(part, path.name, "x", AT, earlier)
    saying = [FolderRow(INBOX, "mail/INBOX"), *(rows if told is None else told)]
    its = manifest(b"".join(lines(head, map(row_line, saying))))
    held = [(row.entry, octets) for row in rows if isinstance(row, MessageRow | FileRow)]
    held.append((entry(f"manifest-{part}.json", its), its))
    body, records = b"", b""
    for one, stored in held:
        records += record(central(one, len(body)))
        body += local(one) + stored
    path.write_bytes(body + records + ending(len(held), len(records), len(body)))
    return path


async def refused(path: Path, folder: Path) -> BadArchive:
    """What every reader of an archive says of this one."""
    with pytest.raises(BadArchive) as taken_apart:
        extract(path, folder / "out")
    assert not (folder / "out").exists()
    with pytest.raises(BadArchive):
        list(listed(path))
    with pytest.raises(MailboxRefused):
        await ZipSource(path).folders()
    assert (taken_apart.value.file.name, taken_apart.value.entry) in {
        (one.file, one.entry) for one in verify(path).findings
    }
    return taken_apart.value


@pytest.mark.parametrize(
    "name",
    ["../evil.eml", "mail/../../evil.eml", "/etc/cron.d/evil", "C:\\evil.eml", "mail\\..\\evil.eml", "mail/nul.eml",
     "mail/a\0.eml", "mail//a.eml", "mail/a\u202elme.exe", "mail/a./x.eml", "\\\\host\\share", "mail/" + "x" * 300],
)  # fmt: skip
async def test_a_name_that_leads_elsewhere(tmp_path: Path, name: str) -> None:
    bad = await refused(written(tmp_path / "a.zip", [mail(name)]), tmp_path)
    assert bad.entry == name


@pytest.mark.parametrize(("one", "other"), [("mail/a.eml", "mail/a.eml"), ("mail/a.eml", "MAIL/A.eml"),
                                            ("mail/ß.eml", "mail/SS.eml")])  # fmt: skip
async def test_a_name_that_is_there_twice(tmp_path: Path, one: str, other: str) -> None:
    bad = await refused(written(tmp_path / "a.zip", [mail(one), mail(other, 2)]), tmp_path)
    assert (bad.entry, bad.why) == (other, "it is there twice")


@pytest.mark.parametrize(
    ("one", "other", "why"),
    [("mail/a", "mail/A/b.eml", "it stands below mail/A, which is a file"),
     ("mail/a", "mail/a/b/c/d.eml", "it stands below mail/a, which is a file"),
     ("mail/a/b/c.eml", "MAIL/a", "other files stand below it, as if it were a folder")],
)  # fmt: skip
async def test_a_file_that_is_a_folder_too(tmp_path: Path, one: str, other: str, why: str) -> None:
    between = mail("mail/x/y.eml", 2)
    bad = await refused(written(tmp_path / "a.zip", [mail(one), between, mail(other, 3)]), tmp_path)
    assert (bad.entry, bad.why) == (other, why)


async def test_a_page_that_an_earlier_part_has(tmp_path: Path) -> None:
    path = written(tmp_path / "a.zip", [page("pages/1.html")])
    with ZipFile(path) as part:
        pin = Earlier("a.zip", path.stat().st_size, sha256(part.read("manifest-1.json")).digest())
    written(tmp_path / "a-2.zip", [page("pages/1.html")], part=2, earlier=(pin,))
    with pytest.raises(BadArchive, match=r"a-2.zip: pages/1.html: an earlier part has it, too"):
        extract(path, tmp_path / "out")
    assert not (tmp_path / "out").exists()
    assert [(one.file, one.entry) for one in verify(path).findings] == [("a-2.zip", "pages/1.html")]


async def test_a_file_that_is_in_the_directory_or_in_the_manifest_alone(tmp_path: Path) -> None:
    one, other = mail("mail/a.eml"), mail("mail/b.eml", 2)
    bad = await refused(written(tmp_path / "a.zip", [one, other], told=[other]), tmp_path)
    assert (bad.entry, bad.why) == ("mail/a.eml", "it is not in the manifest: somebody has added it")
    bad = await refused(written(tmp_path / "b.zip", [other], told=[one, other]), tmp_path)
    assert (bad.entry, bad.why) == ("mail/a.eml", "it is missing")
    bad = await refused(written(tmp_path / "c.zip", [one, other], told=[other, one]), tmp_path)
    assert (bad.entry, bad.why) == ("manifest-1.json", "its files stand in another order")


def field(at: int, octets: bytes) -> Callable[[bytes], bytes]:
    """A record of the directory with a field changed."""
    return lambda record: record[:at] + octets + record[at + len(octets) :]


@pytest.mark.parametrize(
    ("record", "why"),
    [
        (field(8, b"\x01\x08"), "it is encrypted"),
        (field(8, b"\x40\x08"), "it is encrypted"),
        (field(8, b"\x00\x28"), "it is encrypted"),
        (field(10, b"\x08\x00"), "it is compressed, which our archives never are"),
        (field(38, ((stat.S_IFLNK | 0o777) << 16).to_bytes(4, "little")), "it is a symbolic link"),
        (field(38, ((stat.S_IFDIR | 0o755) << 16).to_bytes(4, "little")), "it is no file as our archives have them"),
        (field(20, b"\xff\xff\xff\x7f"), "it is no file as our archives have them"),
        (field(42, b"\x09\0\0\0"), "something that is no file stands in front of it"),
        (field(42, b"\xff\xff\xff\xff"), "the directory does not say where it is"),
        (field(20, b"\xff\xff\xff\xff\xff\xff\xff\xff"), "the directory does not say where it is"),
    ],
)
async def test_a_directory_that_is_none_of_ours(tmp_path: Path, record: Callable[[bytes], bytes], why: str) -> None:
    bad = await refused(written(tmp_path / "a.zip", [mail("mail/a.eml")], record=record), tmp_path)
    assert (bad.entry, bad.why) == ("mail/a.eml", why)


@pytest.mark.parametrize("at", [4, 6, 12, 14, 16, 36, 50])
async def test_a_directory_that_says_otherwise_than_the_manifest(tmp_path: Path, at: int) -> None:
    record = field(at, b"\x07\x07")
    await refused(written(tmp_path / "a.zip", [mail("mail/a.eml")], record=record), tmp_path)


async def test_a_zip_bomb_is_no_archive_of_ours(tmp_path: Path) -> None:
    with ZipFile(tmp_path / "a.zip", "w", ZIP_DEFLATED) as bomb:
        bomb.writestr("mail/bomb.eml", bytes(50_000_000))
    assert (await refused(tmp_path / "a.zip", tmp_path)).entry == "mail/bomb.eml"


async def test_sizes_that_lie_are_found_before_anything_is_read_by_them(tmp_path: Path) -> None:
    vast = replace(mail("mail/a.eml"), entry=replace(entry("mail/a.eml"), size=2**61))
    await refused(written(tmp_path / "a.zip", [vast]), tmp_path)


async def test_a_crc_or_sha256_that_lies_is_named(tmp_path: Path) -> None:
    for number, row in enumerate((
        replace(mail("mail/a.eml"), entry=replace(entry("mail/a.eml"), crc32=7)),
        replace(mail("mail/a.eml"), sha256=bytes(32)),
    )):  # fmt: skip
        path = written(tmp_path / f"{number}a.zip", [row, mail("mail/b.eml", 2)])
        assert [one.entry for one in verify(path).findings] == ["mail/a.eml"]
        extracted = extract(path, tmp_path / str(number))
        assert ([one.entry for one in extracted.findings], extracted.files) == (["mail/a.eml"], 1)


@pytest.mark.parametrize(
    "row",
    [
        mail("mail/b.eml", 1),
        mail("mail/b.eml", 0),
        replace(mail("mail/b.eml", 2), folder=("other",)),
    ],
)
async def test_rows_that_contradict_each_other(tmp_path: Path, row: MessageRow) -> None:
    bad = await refused(written(tmp_path / "a.zip", [mail("mail/a.eml"), row]), tmp_path)
    assert bad.entry == "manifest-1.json"


@pytest.mark.parametrize("path", ["../x", "/etc", "mail/../..", "mail/\ud800", "C:x"])
async def test_a_folder_whose_messages_would_stand_elsewhere(tmp_path: Path, path: str) -> None:
    bad = await refused(written(tmp_path / "a.zip", [FolderRow(("x",), path), mail("mail/a.eml")]), tmp_path)
    assert bad.entry == "manifest-1.json"


@pytest.mark.parametrize(
    "manifest",
    [
        lambda _: b"",
        lambda _: b"{}\n",
        lambda told: told[:-4],
        lambda told: told + b"\n",
        lambda told: told.replace(b'"version":1', b'"version":2'),
        lambda told: told.replace(b'"kind":"folder"', b'"kind":"door"'),
        lambda told: told.replace(b'"folder":["INBOX"]', b'"folder":[]'),
        lambda told: told.replace(b'"size":', b'"size":-'),
        lambda told: told.replace(b'"date":"', b'"date":"x'),
        lambda told: told.replace(b"+00:00", b""),
        lambda told: told.replace(b'"crc32":"', b'"crc32":"0'),
        lambda told: told.replace(b'"rows":[', b'"rows":[' + b"[" * 100_000),
        lambda told: told.replace(b'"uid":1', b'"uid":' + b"9" * 5_000),
    ],
)
async def test_a_manifest_that_is_none(tmp_path: Path, manifest: Callable[[bytes], bytes]) -> None:
    bad = await refused(written(tmp_path / "a.zip", [mail("mail/a.eml")], manifest=manifest), tmp_path)
    assert bad.entry == "manifest-1.json"


async def test_a_link_made_by_another_program_is_refused(tmp_path: Path) -> None:
    link = ZipInfo("mail/link.eml")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with ZipFile(tmp_path / "a.zip", "w") as made:
        made.writestr(link, "/etc/passwd")
    assert (await refused(tmp_path / "a.zip", tmp_path)).why == "it is a symbolic link"


def test_what_stands_where_files_are_to_be_made_is_neither_followed_nor_replaced(tmp_path: Path) -> None:
    path = written(tmp_path / "a.zip", [mail("mail/a.eml"), mail("pages/b.html", 2)])
    out, outside = tmp_path / "out", tmp_path / "outside"
    (out / "mail").mkdir(parents=True)
    outside.mkdir()
    (out / "mail" / "a.eml").symlink_to(outside / "a.eml")
    assert [one.entry for one in extract(path, out).findings] == ["mail/a.eml"]
    (out / "mail" / "a.eml").unlink()
    (out / "mail" / "a.eml").write_bytes(b"mine")
    assert [one.entry for one in extract(path, out).findings] == ["mail/a.eml"]
    assert (out / "mail" / "a.eml").read_bytes() == b"mine"
    other = tmp_path / "other"
    other.mkdir()
    (other / "mail").symlink_to(outside)
    extracted = extract(path, other)
    assert [(one.entry, one.why) for one in extracted.findings] == [
        ("mail/a.eml", "a file or a link called mail stands where its folder is to be")
    ]
    assert ((other / "pages" / "b.html").is_file(), list(outside.iterdir())) == (True, [])
    (other / "mail").unlink()
    (other / "mail").write_bytes(b"mine")
    assert [one.entry for one in extract(path, other).findings] == ["mail/a.eml"]


def test_two_runs_never_make_files_in_one_folder_at_once(tmp_path: Path) -> None:
    path, out = written(tmp_path / "a.zip", [mail("mail/a.eml")]), tmp_path / "out"
    out.mkdir()
    held = os.open(out, os.O_RDONLY)
    fcntl.flock(held, fcntl.LOCK_EX)
    with pytest.raises(MailboxAway, match="another run makes files in"):
        extract(path, out)
    assert list(out.iterdir()) == []
    os.close(held)
    assert extract(path, out).files == 1
