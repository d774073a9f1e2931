"""A Maildir that is read."""

import os
from pathlib import Path

import pytest

from migrator.mailbox import INBOX, Item, MailboxRefused, Missing, StaleFolder, Wanted
from migrator.maildir.octets import read as read_file
from migrator.maildir.source import MaildirSource
from tests.rules.migrator.maildir.trees import MAIL, all_of, folder, lay, octets, read


@pytest.fixture
def box(tmp_path: Path) -> Path:
    return folder(tmp_path / "box")


@pytest.fixture
def source(box: Path) -> MaildirSource:
    return MaildirSource(box)


def times(root: Path) -> list[tuple[str, float, float]]:
    """When each file and folder was read and changed."""
    found = [(str(path), path.lstat()) for path in sorted(root.rglob("*"))]
    return [(path, stat.st_atime, stat.st_mtime) for path, stat in found if not path.endswith(("cur", "new", "tmp"))]


def age(root: Path) -> None:
    for path in root.rglob("*"):
        os.utime(path, (1, 1))


def open_files(root: Path) -> list[str]:
    held = [os.path.realpath(one) for one in Path("/proc/self/fd").iterdir()]
    return [one for one in held if one.startswith(str(root))]


async def test_a_message_comes_with_everything(box: Path, source: MaildirSource) -> None:
    (box / "dovecot-keywords").write_text("0 $Label1\n")
    file = lay(box, "1.M1P1.a,S=16,W=19:2,FSa", b"Subject: x\n\nhello\r\n")
    os.utime(file, (981_173_106, 981_173_106))
    (found,) = await read(source)
    assert octets(found) == b"Subject: x\r\n\r\nhello\r\n"
    assert found.item.flags == {"\\Flagged", "\\Seen", "$Label1"}
    assert found.date.isoformat() == "2001-02-03T04:05:06+00:00"
    assert [one async for one in source.items(INBOX)] == [Item(found.item.uid, found.item.flags, 19)]
    assert await source.counted() is None


async def test_nothing_in_it_changes_not_even_a_time_of_access(box: Path, source: MaildirSource) -> None:
    folder(box, ".Sent")
    lay(box, "1.a", part="new")
    age(box)
    before = times(box)
    await source.folders()
    await read(source)
    assert [one async for one in source.items(INBOX)]
    await source.close()
    assert [one for one in times(box) if one[0].endswith("1.a")] == [(str(box / "new" / "1.a"), 1, 1)]
    assert [(path, changed) for path, _, changed in times(box)] == [(path, changed) for path, _, changed in before]


async def test_folders_have_states_sizes_and_subscriptions(box: Path, source: MaildirSource) -> None:
    folder(box, ".Sent")
    lay(box, "1.a,S=20,W=30")
    lay(box, "2.b", b"12345")
    (box / "subscriptions").write_text("Sent\n")
    inbox, sent = await source.folders()
    assert (inbox.name, inbox.subscribed, inbox.octets) == (INBOX, False, 35)
    assert (sent.name, sent.subscribed, sent.octets) == (("Sent",), True, 0)
    assert inbox.state is not None
    assert inbox.state.messages == 2
    assert inbox.state == (await source.folders())[0].state


@pytest.mark.parametrize("change", ["comes", "goes", "flag", "keyword"])
async def test_whatever_changes_changes_the_state(box: Path, source: MaildirSource, change: str) -> None:
    file = lay(box, "1.a:2,")
    before = (await source.folders())[0].state
    match change:
        case "comes":
            lay(box, "2.b", part="new")
        case "goes":
            file.unlink()
        case "flag":
            file.rename(file.with_name("1.a:2,S"))
        case _:
            (box / "dovecot-keywords").write_text("0 renamed\n")
    assert (await source.folders())[0].state != before


async def test_they_come_by_rising_uid_folder_by_folder(box: Path, source: MaildirSource) -> None:
    sent = folder(box, ".Sent")
    for number in range(120):
        lay(box, f"{1000 + number}.a", b"%d\n" % number)
        lay(sent, f"{1000 + number}.a", b"s%d\n" % number)
    found = await read(source, ("Sent",), INBOX)
    assert [one.folder for one in found] == [("Sent",)] * 120 + [INBOX] * 120
    assert [octets(one) for one in found[120:]] == [b"%d\r\n" % number for number in range(120)]
    uids = [one.item.uid for one in found[120:]]
    assert uids == sorted(uids) == [one.uid async for one in source.items(INBOX)]


async def test_those_wanted_come_and_no_others(box: Path, source: MaildirSource) -> None:
    for number in range(10):
        lay(box, f"{number}.a")
    uids = [one.uid async for one in source.items(INBOX)]
    runs = (range(uids[7], uids[8] + 1), range(uids[2], uids[2] + 1))
    found = [one async for one in source.messages([Wanted(INBOX, 1, runs)])]
    assert [one.item.uid for one in found if not isinstance(one, Missing)] == [uids[2], uids[7], uids[8]]


async def test_a_message_flagged_meanwhile_still_comes(
    box: Path, source: MaildirSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = lay(box, "1.a:2,", part="cur")
    (uid,) = [one.uid async for one in source.items(INBOX)]

    def renamed_first(part: Path, name: str) -> object:
        if file.exists():
            file.rename(file.with_name("1.a:2,S"))
        return read_file(part, name)

    monkeypatch.setattr("migrator.maildir.source.read", renamed_first)
    (found,) = await read(source)
    assert (found.item.uid, found.item.flags) == (uid, frozenset({"\\Seen"}))


async def test_a_message_removed_meanwhile_is_gone(
    box: Path, source: MaildirSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = lay(box, "1.a:2,")

    def removed_first(part: Path, name: str) -> object:
        file.unlink(missing_ok=True)
        return read_file(part, name)

    monkeypatch.setattr("migrator.maildir.source.read", removed_first)
    (found,) = await all_of(source)
    assert isinstance(found, Missing)
    assert found.gone


async def test_what_is_no_file_is_named_and_not_followed(box: Path, source: MaildirSource, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret")
    (box / "cur" / "1.a").symlink_to(tmp_path / "secret")
    os.mkfifo(box / "cur" / "2.b")
    first, second = await all_of(source)
    assert isinstance(first, Missing)
    assert isinstance(second, Missing)
    assert "symbolic link" in first.why
    assert not first.gone


async def test_a_disk_that_fails_is_named_with_its_message(
    box: Path, source: MaildirSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    lay(box, "1.a")

    def fails(_part: Path, _name: str) -> object:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr("migrator.maildir.source.read", fails)
    (found,) = await all_of(source)
    assert isinstance(found, Missing)
    assert "Input/output error" in found.why


async def test_a_folder_that_is_gone_is_told_so(box: Path, source: MaildirSource) -> None:
    folder(box, ".Sent")
    await source.folders()
    (box / ".Sent").rename(box / ".Other")
    with pytest.raises(StaleFolder):
        await read(source, ("Never",))
    with pytest.raises(StaleFolder):
        await anext(source.messages([Wanted(INBOX, 7)]))


@pytest.mark.parametrize("name", ["nowhere", "file", "empty"])
async def test_what_is_no_maildir_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").write_bytes(MAIL)
    (tmp_path / "empty").mkdir()
    with pytest.raises(MailboxRefused):
        await MaildirSource(tmp_path / name).folders()


async def test_who_stops_reading_leaves_nothing_behind(box: Path, source: MaildirSource) -> None:
    for number in range(200):
        lay(box, f"{number}.a", b"x" * 1_100_000 if number % 50 == 0 else MAIL)
    messages = source.messages([Wanted(INBOX)])
    first = await anext(messages)
    await messages.aclose()  # type: ignore[attr-defined] # it is a generator
    assert not isinstance(first, Missing)
    first.content.forget()
    assert open_files(box) == []
