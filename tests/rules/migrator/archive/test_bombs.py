"""Zip files made to harm whoever unpacks them: refused by name, before anything is written, in little memory."""

import struct
import tracemalloc
import zlib
from collections.abc import Callable
from pathlib import Path
from zipfile import ZipFile

import pytest

from migrator.archive.catalog import MOST_FOLDERS, BadRows, Catalog
from migrator.archive.layout import CENTRAL, END, END64, LOCATOR64
from migrator.archive.manifest import FolderRow
from migrator.mailbox import MailboxRefused, MailFolder
from tests.rules.migrator.archive.made import target
from tests.rules.migrator.archive.overlapping import KERNEL, nested, overlapping, quoting
from tests.rules.migrator.archive.test_hostile import mail, refused, written

FILES = 300
MEMORY = 20_000_000  # octets


@pytest.mark.parametrize(
    ("bomb", "entry", "why"),
    [
        (overlapping, "mail/0.eml", "it is compressed, which our archives never are"),
        (quoting, "mail/0.eml", "it is compressed, which our archives never are"),
        (nested, "mail/1.eml", "it overlaps the file before it, as in a zip made to harm"),
    ],
)
async def test_files_that_share_their_octets(
    tmp_path: Path, bomb: Callable[[Path, int], int], entry: str, why: str
) -> None:
    claimed = bomb(tmp_path / "a.zip", FILES)
    assert claimed >= 100 * (tmp_path / "a.zip").stat().st_size
    with ZipFile(tmp_path / "a.zip") as known:  # a true bomb: other programs see all of it
        assert sum(one.file_size for one in known.infolist()) == claimed
    tracemalloc.start()
    try:
        bad = await refused(tmp_path / "a.zip", tmp_path)
        assert tracemalloc.get_traced_memory()[1] < MEMORY
    finally:
        tracemalloc.stop()
    assert (bad.entry, bad.why) == (entry, why)


def test_the_bombs_of_these_tests_are_true_ones(tmp_path: Path) -> None:
    for bomb in (overlapping, quoting):
        bomb(tmp_path / "a.zip", 2)
        assert inflated(tmp_path / "a.zip", "mail/0.eml")[-KERNEL:] == bytes(KERNEL)


def inflated(path: Path, name: str) -> bytes:
    """A file of a zip as careless programs unpack it; newer Pythons are careful themselves."""
    with ZipFile(path) as known:
        entry = known.getinfo(name)
    octets = path.read_bytes()
    named, extra = struct.unpack_from("<26xHH", octets, entry.header_offset)
    begins = entry.header_offset + 30 + named + extra
    return zlib.decompress(octets[begins : begins + entry.compress_size], -15)


def ended(**fields: int) -> Callable[[bytes], bytes]:
    """A part whose end says something else: count, size, at (APPNOTE 4.3.16)."""

    def change(part: bytes) -> bytes:
        *before, count, size, at, comment = END.unpack(part[-END.size :])
        told = {"count": count, "size": size, "at": at, **fields}
        return part[: -END.size] + END.pack(
            *before[:-1], told["count"], told["count"], told["size"], told["at"], comment
        )

    return change


def wide(count: int, size: int, at: int) -> Callable[[bytes], bytes]:
    """A part with a zip64 end that says so (4.3.14)."""

    def change(part: bytes) -> bytes:
        record = END64.pack(b"PK\6\6", END64.size - 12, 3 << 8 | 45, 45, 0, 0, count, count, size, at)
        where = LOCATOR64.pack(b"PK\6\7", 0, len(part) - END.size, 1)
        return (
            part[: -END.size] + record + where + ended(count=0xFFFF, size=0xFFFFFFFF, at=0xFFFFFFFF)(part)[-END.size :]
        )

    return change


def record64(extra: bytes) -> Callable[[bytes], bytes]:
    """A record whose size and place stand in such a zip64 field (4.5.3)."""

    def change(record: bytes) -> bytes:
        fields = list(CENTRAL.unpack(record[: CENTRAL.size]))
        name = record[CENTRAL.size : CENTRAL.size + fields[10]]
        fields[8:10], fields[11], fields[16] = [0xFFFFFFFF] * 2, len(extra), 0xFFFFFFFF
        return CENTRAL.pack(*fields) + name + extra

    return change


@pytest.mark.parametrize(
    "end",
    [
        *(ended(count=count) for count in (0, 1, 3, 0xFFFE, 0xFFFF)),
        *(ended(at=at) for at in (0, 1, 2**31, 0xFFFFFFFF)),
        *(ended(size=size) for size in (0, 1, 2**31, 0xFFFFFFFF)),
        *(wide(*told) for told in ((2, 10, 10), (2**64 - 1,) * 3, (2**63, 0, 0), (0, 2**63, 2**63))),
        lambda part: part + part[-END.size :],
        lambda part: part[: -END.size] + part[-END.size :] * 2,
        lambda part: part[:-2] + b"\x16\0" + part[-END.size :],
    ],
)  # fmt: skip
async def test_an_end_that_lies_of_how_many_files_there_are_and_where(
    tmp_path: Path, end: Callable[[bytes], bytes]
) -> None:
    path = written(tmp_path / "a.zip", [mail("mail/a.eml")])
    path.write_bytes(end(path.read_bytes()))
    bad = await refused(path, tmp_path)
    assert bad.why.startswith(("it is cut off", "its directory is damaged", "no manifest", "something that is no file"))


async def test_a_directory_that_lies_within_itself(tmp_path: Path) -> None:
    path = written(tmp_path / "a.zip", [mail("mail/a.eml")])
    part = path.read_bytes()
    *_, size, at, _ = END.unpack(part[-END.size :])
    for place in (at, at + 1, at + size - 1, len(part) - 1):
        changed = bytearray(part)
        struct.pack_into("<L", changed, at + CENTRAL.size - 4, place)
        path.write_bytes(changed)
        assert (await refused(path, tmp_path)).entry == "mail/a.eml"


@pytest.mark.parametrize("numbers", [(), (1,), (2**64 - 1,) * 2, (2**63, 2**63), (15, 15, 2**40), (15, 15, 0)])
async def test_wide_numbers_that_lie(tmp_path: Path, numbers: tuple[int, ...]) -> None:
    extra = struct.pack(f"<2H{len(numbers)}Q", 1, 8 * len(numbers), *numbers)
    for field in (extra, extra[:-1], b"\1\0\xff\xff" + extra[4:]):
        path = written(tmp_path / "a.zip", [mail("mail/a.eml")], record=record64(field))
        assert (await refused(path, tmp_path)).file == path


@pytest.mark.parametrize(
    ("one", "other", "why"),
    [
        ("mail/caf\u00e9.eml", "mail/cafe\u0301.eml", "its name is not safe on every system"),  # NFC and NFD
        ("mail/\u30ac.eml", "mail/\u30ab\u3099.eml", "its name is not safe on every system"),
        ("mail/\u212b.eml", "mail/\u00c5.eml", "its name is not safe on every system"),  # Ångström's sign
        ("mail/\u00e5.eml", "mail/\u00c5.eml", "it is there twice"),
        ("mail/\u03c3.eml", "mail/\u03c2.eml", "it is there twice"),  # the two small sigmas
        ("mail/\u0131.eml", "mail/I.eml", "it is there twice"),  # Turkish i without its dot
        ("mail/\ufb01.eml", "mail/fi.eml", "it is there twice"),  # a ligature
        ("mail/\uff41.eml", "mail/\uff21.eml", "it is there twice"),  # full width
    ],
)
async def test_names_that_some_system_takes_for_one(tmp_path: Path, one: str, other: str, why: str) -> None:
    bad = await refused(written(tmp_path / "a.zip", [mail(one), mail(other, 2)]), tmp_path)
    assert bad.why == why


def test_folders_without_end_fill_no_memory() -> None:
    catalog = Catalog(most=3)
    for name in ("a", "b", "c", "a"):
        catalog.take(1, FolderRow((name,), "mail/x"), 0, 0)
    with pytest.raises(BadRows, match="more than 3 folders"):
        catalog.take(1, FolderRow(("d",), "mail/x"), 0, 0)
    assert len(catalog.folders) == 3


async def test_an_archive_that_could_not_be_read_again_is_not_made(tmp_path: Path) -> None:
    into = target(tmp_path / "a.zip")
    await into.folders()
    with pytest.raises(MailboxRefused, match="100,000 folders at most"):
        await into.make([MailFolder((str(number),)) for number in range(MOST_FOLDERS + 1)])
    await into.close()
