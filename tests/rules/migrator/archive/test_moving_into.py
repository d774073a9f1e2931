"""Whole moves into archives and out of them, over the journal, broken off where it hurts."""

import asyncio
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from migrator.archive.source import ZipSource
from migrator.archive.target import ZipTarget
from migrator.archive.verify import verify
from migrator.journals.file import JournalFile
from migrator.mailbox import INBOX, FolderName, NameRules, SpecialUse
from migrator.moving import move
from migrator.receipts.receipt import Receipt
from schedules.clock import MovableClock
from tests.rules.migrator.archive.made import NOW, PlainViewer, files
from tests.rules.migrator.memory_mailboxes import SEEN, Box, MemorySource, MemoryTarget

EVERY_NAME = NameRules(delimiter="\0", longest=10_000)
Held = dict[FolderName, Counter[tuple[bytes, frozenset[str]]]]


class Killed(BaseException):
    """A SIGKILL, as near as a test in one process comes to it."""


def letters(count: int, start: int = 0) -> list[bytes]:
    return [b"Subject: letter %d\r\n\r\n" % number + b"x" * number for number in range(start, start + count)]


def contents(box: Box) -> Held:
    return {
        name: Counter((one.octets, one.flags) for one in held.messages.values()) for name, held in box.folders.items()
    }


async def exported(
    box: Box,
    path: Path,
    journal: JournalFile,
    *,
    part_octets: int = 2_000_000_000,
    before: int = -1,
    viewer: bool = False,
) -> Receipt:
    """One run; `before`: how many messages are read until it is killed."""
    left = [before]

    def killing(_folder: FolderName, _uid: int) -> None:
        left[0] -= 1
        if left[0] == -1:
            raise Killed

    target = ZipTarget(
        path, source="x", now=lambda: NOW, viewer=PlainViewer(["a"]) if viewer else None, part_octets=part_octets
    )
    try:
        source = MemorySource(box, before=killing if before >= 0 else None)
        return await move(source, target, journal, clock=MovableClock(NOW), read_back=True)
    finally:
        await target.close()


async def imported(path: Path, journal: Path) -> Box:
    """What the archive gives another mailbox."""
    box, source = Box(), ZipSource(path)
    with JournalFile.open(journal, source="a", target="b") as kept:
        receipt = await move(source, MemoryTarget(box, rules=EVERY_NAME), kept, clock=MovableClock(NOW))
    await source.close()
    assert receipt.complete
    return box


async def test_there_and_back_everything_is_as_it_was(old: Box, journal: JournalFile, tmp_path: Path) -> None:
    old.folder("INBOX").add(*letters(60), flags=SEEN | {"$Later"})
    old.folder("受信", "a/b:c").add(*letters(40, 500))
    old.folder("Sent").special_use = SpecialUse.SENT
    old.folder("Sent").subscribed = True
    receipt = await exported(old, tmp_path / "x" / "a.zip", journal, viewer=True)
    assert (receipt.complete, receipt.found, receipt.refused) == (True, 100, 0)
    box = await imported(tmp_path / "x" / "a.zip", tmp_path / "back.journal")
    assert contents(box) == contents(old)
    assert (box.folders["Sent",].special_use, box.folders["Sent",].subscribed) == (SpecialUse.SENT, True)
    assert list(box.folders[INBOX].messages.values()) == list(old.folders[INBOX].messages.values())


async def test_a_delta_is_a_part_of_what_is_new_and_nothing_new_is_none(
    old: Box, journal: JournalFile, tmp_path: Path
) -> None:
    path = tmp_path / "x" / "a.zip"
    uids = old.folder("INBOX").add(*letters(5))
    await exported(old, path, journal)
    await exported(old, path, journal)
    assert files(path.parent) == ["a.zip"]
    old.folder("INBOX").add(*letters(2, 50))
    old.folder("INBOX").flag(uids[0], SEEN)
    receipt = await exported(old, path, journal)
    assert (receipt.complete, files(path.parent)) == (True, ["a-2.zip", "a.zip"])
    assert contents(await imported(path, tmp_path / "back.journal")) == contents(old)


@pytest.mark.parametrize("viewer", [False, True])
@pytest.mark.parametrize("part_octets", [6_000, 2_000_000_000])
async def test_killed_anywhere_again_and_again_nothing_is_lost_and_nothing_twice(
    old: Box, journal: JournalFile, tmp_path: Path, part_octets: int, *, viewer: bool
) -> None:
    path = tmp_path / "x" / "a.zip"
    old.folder("INBOX").add(*letters(130), *letters(5))
    old.folder("Sent").add(*letters(70, 200))
    for before in (0, 3, 40, 30, 20):
        with pytest.raises(Killed):
            await exported(old, path, journal, before=before, part_octets=part_octets, viewer=viewer)
    receipt = await exported(old, path, journal, part_octets=part_octets, viewer=viewer)
    assert (receipt.complete, receipt.found) == (True, 205)
    assert verify(path).findings == []
    assert verify(path).messages == 205
    assert contents(await imported(path, tmp_path / "back.journal")) == contents(old)


@given(
    st.dictionaries(
        st.lists(
            st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=12), min_size=1, max_size=4
        )
        .map(tuple)
        .filter(
            lambda name: all(level.strip() not in {"", ".", ".."} for level in name) and name[0].upper() != "INBOX"
        ),
        st.lists(st.binary(max_size=60), max_size=4),
        max_size=6,
    )
)
@settings(max_examples=25)
def test_whatever_folders_are_called_and_messages_hold_they_come_back(
    tmp_path_factory: pytest.TempPathFactory, mail: dict[tuple[str, ...], list[bytes]]
) -> None:
    folder, box = tmp_path_factory.mktemp("any"), Box()
    for name, messages in mail.items():
        box.folder(*name).add(*messages)

    async def there_and_back() -> Box:
        with JournalFile.open(folder / "j", source="a", target="b") as journal:
            await exported(box, folder / "x" / "a.zip", journal, part_octets=1_500)
        return await imported(folder / "x" / "a.zip", folder / "back")

    back = asyncio.run(there_and_back())
    assert contents(back) == contents(box)
    assert verify(folder / "x" / "a.zip").findings == []
