"""`archive-damage`: whatever happens to an archive afterwards, verifying it says so and names the file."""

import shutil
from collections.abc import Callable
from pathlib import Path
from zipfile import ZipFile

import pytest

from migrator.archive.errors import BadArchive
from migrator.archive.extract import extract
from migrator.archive.source import ZipSource
from migrator.archive.verify import verify
from migrator.mailbox import INBOX, MailboxRefused, Message, Missing, Wanted
from tests.rules.migrator.archive.made import PlainViewer, made, message, octets, read

Damage = Callable[[Path], object]


@pytest.fixture
async def whole(tmp_path: Path) -> Path:
    """An archive of three parts with two messages each."""
    path = tmp_path / "whole" / "hanako.zip"
    for run in range(3):
        await made(path, message(2 * run + 1), message(2 * run + 2, flags=["\\Seen"]))
    assert verify(path).findings == []
    return path


def found(path: Path) -> list[tuple[str, str]]:
    return [(one.file, one.entry) for one in verify(path).findings]


async def test_every_single_bit_that_changes_is_found(tmp_path: Path) -> None:
    path = tmp_path / "hanako.zip"
    await made(path, message(1, b"Subject: x\r\n\r\nhello\r\n"), viewer=PlainViewer())
    octets_ = path.read_bytes()
    for at in range(len(octets_)):
        changed = bytearray(octets_)
        changed[at] ^= 1 << at % 8
        path.write_bytes(changed)
        assert found(path), f"octet {at}"
        assert found(path)[0][0] == "hanako.zip"


async def test_a_bit_that_changes_in_any_kind_of_file_names_that_file(tmp_path: Path) -> None:
    path = tmp_path / "hanako.zip"
    await made(path, message(1), viewer=PlainViewer(names=["a.txt"]))
    octets_ = path.read_bytes()
    with ZipFile(path) as part:
        files = part.infolist()
    assert {one.filename.partition("/")[0] for one in files} == {
        "attachments", "pages", "mail", "index.html", "viewer", "manifest-1.json"
    }  # fmt: skip
    for one, following in zip(files, [*files[1:], None], strict=True):
        behind = following.header_offset if following else one.header_offset + 400
        changed = bytearray(octets_)
        changed[behind - 2] ^= 1
        path.write_bytes(changed)
        assert found(path) == [("hanako.zip", one.filename)]


async def test_an_archive_cut_anywhere_is_found(tmp_path: Path) -> None:
    path = tmp_path / "hanako.zip"
    await made(path, message(1))
    octets_ = path.read_bytes()
    for length in range(len(octets_)):
        path.write_bytes(octets_[:length])
        assert found(path) == [("hanako.zip", "")]
    path.write_bytes(octets_ + b"\0")
    assert found(path) == [("hanako.zip", "")]


def flip(part: str, octets_: bytes) -> Damage:
    def damage(folder: Path) -> None:
        changed = bytearray((folder / part).read_bytes())
        changed[changed.index(octets_)] ^= 4
        (folder / part).write_bytes(changed)

    return damage


def add(part: str, name: str) -> Damage:
    def damage(folder: Path) -> None:
        with ZipFile(folder / part, "a") as opened:
            opened.writestr(name, b"evil")

    return damage


def remake(part: str) -> Damage:
    """The part made anew by another program."""

    def damage(folder: Path) -> None:
        with ZipFile(folder / part) as old:
            held = [(one.filename, old.read(one)) for one in old.infolist()]
        with ZipFile(folder / part, "w") as new:
            for name, octets_ in held:
                new.writestr(name, octets_)

    return damage


def remove(part: str) -> Damage:
    return lambda folder: (folder / part).unlink()


def swap(one: str, other: str) -> Damage:
    return lambda folder: shutil.copy(folder / one, folder / other)


THIRD = "mail/INBOX/2001-02-03 letter 3 (3).eml"


@pytest.mark.parametrize(
    ("damage", "named"),
    [
        (flip("hanako-2.zip", b"Subject: letter 3"), ("hanako-2.zip", THIRD)),
        (flip("hanako-2.zip", THIRD.encode()), ("hanako-2.zip", THIRD)),
        (flip("hanako-2.zip", b'"sha256"'), ("hanako-2.zip", "manifest-2.json")),
        (add("hanako-2.zip", "evil.html"), ("hanako-2.zip", "evil.html")),
        (remake("hanako-2.zip"), ("hanako-2.zip", THIRD)),
        (remove("hanako-2.zip"), ("hanako-2.zip", "")),
        (remove("hanako.zip"), ("hanako.zip", "")),
        (swap("hanako.zip", "hanako-2.zip"), ("hanako-2.zip", "manifest-1.json")),
        (swap("hanako-3.zip", "hanako-2.zip"), ("hanako-2.zip", "manifest-3.json")),
    ],
)
def test_each_damage_is_named(whole: Path, damage: Damage, named: tuple[str, str]) -> None:
    damage(whole.parent)
    assert named in found(whole)
    assert named in found(whole.parent / "hanako-3.zip")


async def test_a_part_of_another_archive_does_not_pass_for_one_of_this(whole: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.zip"
    await made(other, message(1))
    await made(other, message(2))
    shutil.copy(tmp_path / "other-2.zip", whole.parent / "hanako-2.zip")
    assert ("hanako.zip", "") in found(whole) or ("hanako-2.zip", "") in found(whole)
    with pytest.raises(MailboxRefused, match="is not the file that it was"):
        await ZipSource(whole).folders()


async def test_an_archive_beside_it_that_is_called_like_a_part_is_none(whole: Path) -> None:
    await made(whole.with_name("hanako-2026.zip"), message(1))
    assert verify(whole).findings == []
    assert verify(whole.with_name("hanako-2026.zip")).messages == 1
    assert len(await read(whole)) == 6


async def test_as_a_source_it_gives_what_is_whole_and_names_the_rest(whole: Path) -> None:
    flip("hanako-2.zip", b"Subject: letter 3")(whole.parent)
    came = await read(whole)
    assert [octets(one) for one in came if isinstance(one, Message)] == [octets(message(at)) for at in (1, 2, 4, 5, 6)]
    (missing,) = [one for one in came if isinstance(one, Missing)]
    assert (missing.uid, missing.gone) == (3, False)
    assert missing.why == f"hanako-2.zip: {THIRD}: its octets are not those that were put in"


async def test_a_large_message_that_is_damaged_is_named_too(tmp_path: Path) -> None:
    path = tmp_path / "hanako.zip"
    await made(path, message(1, b"Subject: x\r\n\r\n" + b"y" * 1_500_000))
    source = ZipSource(path)
    (large,) = [one async for one in source.messages([Wanted(INBOX)])]
    assert isinstance(large, Message)
    assert (large.content.size, len(octets(large)), octets(large)[-3:]) == (1_500_014, 1_500_014, b"yyy")
    large.content.forget()
    await source.close()
    flip("hanako.zip", b"yyyy")(tmp_path)
    assert isinstance((await read(path))[0], Missing)


def test_taken_apart_a_damaged_file_never_gets_its_name(whole: Path, tmp_path: Path) -> None:
    flip("hanako-2.zip", b"Subject: letter 3")(whole.parent)
    extracted = extract(whole, tmp_path / "out")
    assert [one.entry for one in extracted.findings] == [THIRD]
    assert len([*(tmp_path / "out").rglob("*.eml")]) == 5
    assert not (tmp_path / "out" / THIRD).exists()
    assert not (tmp_path / "out" / ".extracting").exists()


@pytest.mark.parametrize("part", ["hanako.zip", "hanako-2.zip"])
def test_nothing_is_taken_apart_where_a_part_is_missing(whole: Path, tmp_path: Path, part: str) -> None:
    remove(part)(whole.parent)
    with pytest.raises(BadArchive, match=f"{part}: it is missing"):
        extract(whole.with_name("hanako-3.zip"), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_part_that_is_still_being_made_is_told(whole: Path) -> None:
    whole.with_name("hanako.zip.ledger").touch()
    assert verify(whole).growing
