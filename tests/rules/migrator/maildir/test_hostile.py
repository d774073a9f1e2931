"""A Maildir whose owner means harm: nothing outside of it is read, nothing waits for ever, nothing ends the rest."""

import asyncio
import os
from pathlib import Path

import pytest

from migrator.journals.file import JournalFile
from migrator.mailbox import INBOX, MailboxAway, MailboxRefused, Message, Missing, StaleFolder, Stored
from migrator.maildir.folders import DEEPEST, look
from migrator.maildir.keywords import Keywords
from migrator.maildir.listing import listed
from migrator.maildir.octets import LARGEST, SMALL, read
from migrator.maildir.source import MaildirSource
from migrator.moving import move
from migrator.receipts.receipt import Receipt
from schedules.clock import SystemClock
from tests.rules.migrator.maildir.trees import MAIL, all_of, folder, lay, message, ready, target


@pytest.fixture
def old(tmp_path: Path) -> Path:
    box = folder(tmp_path / "old")
    lay(box, "1.a:2,S")
    return box


async def moved(old: Path, new: Path) -> Receipt:
    source = MaildirSource(old)
    with JournalFile.open(new.parent / "j", source=source.described, target="b") as journal:
        return await asyncio.wait_for(move(source, target(new), journal, clock=SystemClock()), 60)


@pytest.mark.parametrize("parts", [("cur",), ("new",), ("cur", "new")])
async def test_mail_behind_a_link_is_somebody_elses(old: Path, tmp_path: Path, parts: tuple[str, ...]) -> None:
    others = folder(tmp_path / "others")
    lay(others, "9.secret")
    evil = folder(old, ".Evil")
    for part in parts:
        (evil / part).rmdir()
        (evil / part).symlink_to(others / "cur")
    source = MaildirSource(old)
    found = [one.name for one in await source.folders() if one.state is not None]
    assert found == [INBOX]
    if ("Evil",) in look(old).folders:
        with pytest.raises(StaleFolder):
            await all_of(source, ("Evil",))
    with pytest.raises(OSError, match=r"symbolic link|Not a directory"):
        read(evil / parts[0], "9.secret")


async def test_a_name_that_is_no_text_is_told(old: Path, tmp_path: Path) -> None:
    os.symlink("/etc/passwd", os.fsencode(old / "cur") + b"/2.\xff\x1b")  # noqa: PTH211 - a name of octets
    receipt = await moved(old, tmp_path / "new")
    ((refused,),) = [one.refused for one in receipt.folders]
    assert refused.why.startswith("2.\\xff")
    assert receipt.found == 2


async def test_a_maildir_whose_own_name_is_no_text_moves(tmp_path: Path) -> None:
    root = Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff"))
    lay(folder(root), "1.a")
    assert (await moved(root, tmp_path / "new")).complete


def test_keywords_that_are_none_have_no_letter(tmp_path: Path) -> None:
    (tmp_path / "dovecot-keywords").write_text("000099 x\n99 y\n1 a\u00a0b\n2 \n3 ok\r\n" + "4" * 5_000 + " z\n٥ w\n")
    assert dict(Keywords.read(tmp_path).names) == {"b": "a\u00a0b", "d": "ok"}


def test_thousands_of_one_microsecond_have_a_number_each(tmp_path: Path) -> None:
    box = folder(tmp_path / "box")
    for number in range(2_100):
        (box / "cur" / f"1.M1Q{number}.h").touch()
    assert len({one.uid for one in listed(box)}) == 2_100
    assert listed(box) == listed(box)


async def test_a_tree_without_an_end_is_cut_and_told(old: Path, tmp_path: Path) -> None:
    deep = old
    for _ in range(DEEPEST + 20):
        deep /= "d"
        deep.mkdir()
    receipt = await moved(old, tmp_path / "new")
    assert receipt.found == 1
    assert list(receipt.left_out.values()) == [f"folders more than {DEEPEST} levels deep are not looked for"]


@pytest.mark.parametrize("size", [LARGEST + 1, 2**40])
async def test_a_file_with_nothing_in_it_but_length_is_named(old: Path, tmp_path: Path, size: int) -> None:
    os.truncate(lay(old, "2.b"), size)
    ((refused,),) = [one.refused for one in (await moved(old, tmp_path / "new")).folders]
    assert f"it has {size} octets" in refused.why


@pytest.mark.parametrize("octets", [b"x" * (SMALL + 1), b"line\n" * SMALL])
@pytest.mark.parametrize("change", [-1, 1_000_000, 0])
def test_a_file_that_changes_under_its_reader_is_told_before_more_is_given(
    tmp_path: Path, octets: bytes, change: int
) -> None:
    file = lay(folder(tmp_path / "box"), "1.a", octets)
    content, _ = read(file.parent, file.name)
    if change > 0:
        with file.open("ab") as more:
            more.write(b"A1 LOGOUT\r\n" * (change // 11))
        assert sum(map(len, content.chunks())) == content.size
    elif change < 0:
        os.truncate(file, len(octets) - 100)
        with pytest.raises(MailboxAway, match="changed while it was read"):
            list(content.chunks())
    else:
        file.write_bytes(b"\n" * len(octets))
        given = list[int]()
        with pytest.raises(MailboxAway):
            given.extend(len(chunk) for chunk in content.chunks())
        assert sum(given) <= content.size
    content.forget()


@pytest.mark.parametrize("name", ["subscriptions", "courierimapsubscribed", "dovecot-keywords", "maildirsize"])
@pytest.mark.parametrize("kind", ["directory", "pipe", "link"])
async def test_what_stands_in_place_of_a_small_file_hides_nothing(
    old: Path, tmp_path: Path, name: str, kind: str
) -> None:
    for box in (old, folder(tmp_path / "new")):
        _stand(box / name, kind)
    if kind == "link" and "subscri" in name:
        with pytest.raises(MailboxRefused, match="symbolic link"):
            await moved(old, tmp_path / "new")
        return
    receipt = await moved(old, tmp_path / "new")
    if kind == "link" and name == "dovecot-keywords":
        assert receipt.findings
        return
    assert (receipt.found, receipt.refused) == (1, 0)


@pytest.mark.parametrize("kind", ["pipe", "link"])
async def test_a_lock_that_is_none_holds_nobody_for_ever(old: Path, tmp_path: Path, kind: str) -> None:
    new = folder(tmp_path / "new")
    _stand(new / "subscriptions.lock", kind, to="/dev/zero")
    os.utime(new / "subscriptions.lock", (0, 0), follow_symlinks=False)
    assert (await moved(old, new)).complete


@pytest.mark.parametrize("kind", ["pipe", "link", "directory"])
async def test_what_stands_in_place_of_a_message_is_named(old: Path, tmp_path: Path, kind: str) -> None:
    _stand(old / "cur" / "2.b", kind)
    receipt = await moved(old, tmp_path / "new")
    assert (receipt.found, receipt.refused) == ((1, 0) if kind == "directory" else (2, 1))


async def test_a_message_under_two_names_is_two(old: Path) -> None:
    os.link(old / "cur" / "1.a:2,S", old / "cur" / "2.b")
    found = await all_of(MaildirSource(old))
    assert not any(isinstance(one, Missing) for one in found)
    assert [b"".join(one.content.chunks()) for one in found if isinstance(one, Message)] == [MAIL] * 2


def _stand(place: Path, kind: str, to: str = "/etc/passwd") -> None:
    match kind:
        case "directory":
            place.mkdir()
        case "pipe":
            os.mkfifo(place)
        case _:
            place.symlink_to(to)


async def test_a_file_that_tells_a_time_far_ahead_pushes_our_names_nowhere(tmp_path: Path) -> None:
    root = tmp_path / "new"
    await ready(root)
    lay(root, f"999999999999.M999999L{'0' * 32}.store")
    box = await ready(root)
    first = await box.put(INBOX, [message(1), message(2)])
    assert await (await ready(root)).put(INBOX, [message(1), message(2)]) == first
    uids = [one.uid for one in first if isinstance(one, Stored) and one.uid is not None]
    assert [uid async for uid, _, _ in box.digests(INBOX, uids)] == uids
