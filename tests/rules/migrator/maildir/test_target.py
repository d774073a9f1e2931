"""A Maildir that messages are put into: whole, durable, once, and nowhere but in its root."""

import errno
import os
import stat
from collections.abc import Callable
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import pytest

from migrator.mailbox import (
    INBOX,
    FolderState,
    MailboxAway,
    MailboxRefused,
    MailFolder,
    Refused,
    SpecialUse,
    StaleFolder,
    Stored,
)
from migrator.maildir.source import MaildirSource
from tests.rules.migrator.maildir.trees import AT, MAIL, folder, lay, message, octets, read, ready, target
from tests.support.noting import noting


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "box"


def files(root: Path) -> list[Path]:
    return sorted(path for path in root.rglob("*") if path.parent.name in {"cur", "new", "tmp"})


async def test_a_message_is_stored_with_everything(root: Path) -> None:
    box = await ready(root)
    (stored,) = await box.put(INBOX, [message(1, MAIL, ["\\Seen", "\\Flagged", "$Label1"])])
    assert isinstance(stored, Stored)
    (file,) = files(root)
    assert file.read_bytes() == MAIL
    assert file.name.endswith(f",S={len(MAIL)},W={len(MAIL)}:2,FSa")
    assert file.parent.name == "cur"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    (found,) = await read(MaildirSource(root))
    assert (octets(found), found.item.flags, found.date) == (MAIL, frozenset({"\\Seen", "\\Flagged", "$Label1"}), AT)


async def test_octets_stand_on_disk_as_they_came(root: Path) -> None:
    box = await ready(root)
    strange = b"a\nb\r\n\0\xff\r\r\n"
    (stored,) = await box.put(INBOX, [message(1, strange)])
    (file,) = files(root)
    assert file.read_bytes() == strange
    assert f",S={len(strange)},W={len(strange) + 1}:" in file.name
    assert isinstance(stored, Stored)
    assert stored.uid is not None
    assert [one async for one in box.digests(INBOX, [stored.uid])] == [
        (stored.uid, len(strange), sha256(strange).digest())
    ]


async def test_each_is_synced_before_it_is_seen_and_its_folder_after(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    box = await ready(root)
    steps: list[str] = []

    def sync(descriptor: int) -> None:
        path = Path(f"/proc/self/fd/{descriptor}").readlink()
        steps.append(f"sync {path.name if path.is_dir() else path.parent.name}")

    monkeypatch.setattr(os, "fsync", noting(os.fsync, sync))
    monkeypatch.setattr(os, "rename", noting(os.rename, lambda *_, **__: steps.append("rename")))
    await box.put(INBOX, [message(1), message(2)])
    assert steps == ["sync tmp", "sync tmp", "rename", "rename", "sync cur"]


async def test_put_again_it_is_there_once_also_by_a_later_run(root: Path) -> None:
    first = await (await ready(root)).put(INBOX, [message(1), message(2)])
    again = await ready(root)
    assert await again.put(INBOX, [message(1), message(2)]) == first
    assert len(files(root)) == 2


async def test_twins_and_other_moves_are_other_messages(root: Path) -> None:
    await (await ready(root)).put(INBOX, [message(1), message(2), message(3, into=("Other",))])
    await (await ready(root, move="imaps://jiro@old.example")).put(INBOX, [message(1)])
    await (await ready(root)).put(INBOX, [message(1, b"numbered anew\r\n")])
    assert len(files(root)) == 5


async def test_what_a_killed_run_left_half_is_removed_and_nobody_elses(root: Path) -> None:
    await (await ready(root)).put(INBOX, [message(1)])
    name = files(root)[0].name.partition(",")[0]
    half = lay(root, name, b"half", part="tmp")
    foreign = lay(root, "1700000000.M1P1.other", b"half", part="tmp")
    of_another_move = lay(root, "1700000000.M000001L" + "0" * 32 + ".store", b"half", part="tmp")
    await (await ready(root)).put(INBOX, [message(1), message(2)])
    assert not half.exists()
    assert foreign.exists()
    assert of_another_move.exists()


async def test_uids_rise_even_if_the_clock_does_not(root: Path) -> None:
    box = await ready(root)
    before = await box.mark(INBOX)
    box._now_ns = lambda: 0
    stored = await box.put(INBOX, [message(uid) for uid in range(1, 60)])
    uids = [one.uid for one in stored if isinstance(one, Stored) and one.uid is not None]
    assert uids == sorted(set(uids))
    assert uids[0] >= before.uidnext
    later = await ready(root)
    later._now_ns = lambda: 0
    assert (await later.mark(INBOX)).uidnext > uids[-1]


async def test_what_came_since_is_found(root: Path) -> None:
    box = await ready(root)
    await box.put(INBOX, [message(1, b"before\r\n")])
    state = await box.mark(INBOX)
    assert state.messages == 1
    lay(root, "1.M1P1.foreign", b"of a reader\n")
    (stored,) = await box.put(INBOX, [message(2, b"after\r\n")])
    assert isinstance(stored, Stored)
    found = [one async for one in box.since(INBOX, state)]
    assert found == [(stored.uid, 7, sha256(b"after\r\n").digest())]
    with pytest.raises(StaleFolder):
        await anext(box.since(INBOX, FolderState(2, 1, 0)))


async def test_flags_that_change_are_changed(root: Path) -> None:
    box = await ready(root)
    stored = await box.put(INBOX, [message(1, flags=["\\Seen"]), message(2)])
    uids = [one.uid for one in stored if isinstance(one, Stored) and one.uid is not None]
    dropped = await box.reflag(INBOX, {uids[0]: frozenset({"new", "\\Foreign"}), uids[1]: frozenset({"\\Deleted"})})
    assert dropped == {"\\Foreign"}
    assert [one.item.flags for one in await read(MaildirSource(root))] == [{"new"}, {"\\Deleted"}]


async def test_keywords_beyond_26_are_dropped_and_named(root: Path) -> None:
    box = await ready(root)
    await box.put(INBOX, [message(1, flags=[f"k{number}" for number in range(26)])])
    (stored,) = await box.put(INBOX, [message(2, flags=["late", "k3"])])
    assert isinstance(stored, Stored)
    assert stored.dropped == {"late"}


class TestFolders:
    async def test_are_made_whole_with_subscription(self, root: Path) -> None:
        box = target(root)
        assert await box.folders() == []
        wanted = [MailFolder(("A", "B"), subscribed=True), MailFolder(("Sent",), special_use=SpecialUse.SENT)]
        short = await box.make([MailFolder(INBOX, subscribed=True), *wanted])
        assert list(short) == [("Sent",)]
        assert short["Sent",].there
        assert {one.name: one.subscribed for one in await box.folders()} == {
            INBOX: True, ("A", "B"): True, ("Sent",): False,
        }  # fmt: skip
        assert (root / ".A.B" / "maildirfolder").exists()
        assert not (root / "maildirfolder").exists()
        assert stat.S_IMODE((root / ".A.B" / "cur").stat().st_mode) == 0o700

    async def test_one_that_a_killed_run_left_half_is_completed(self, root: Path) -> None:
        (root / ".Half" / "cur").mkdir(parents=True)
        box = await ready(root, ("Half",))
        assert await box.put(("Half",), [message(1)])
        assert {path.name for path in (root / ".Half").iterdir()} == {"cur", "new", "tmp", "maildirfolder"}

    async def test_one_that_is_there_under_another_spelling_is_used(self, root: Path) -> None:
        folder(root)
        folder(root, ".台北")
        box = await ready(root, ("台北",))
        await box.put(("台北",), [message(1)])
        assert [name for name in os.listdir(root) if name.startswith(".")] == [".台北"]  # noqa: PTH208 - names

    async def test_one_that_cannot_be_is_told(self, root: Path) -> None:
        (tmp := root / ".File").parent.mkdir()
        tmp.write_text("in the way")
        short = await target(root).make([MailFolder(("File",)), MailFolder(("x" * 300,)), MailFolder(("",))])
        assert set(short) == {("File",), ("x" * 300,), ("",)}
        assert not any(one.there for one in short.values())

    async def test_nested_ones_are_not_written_between(self, root: Path) -> None:
        folder(root)
        folder(root, "Nested")
        with pytest.raises(MailboxRefused, match="nested"):
            await target(root).folders()

    async def test_one_that_is_gone_is_told_so(self, root: Path) -> None:
        box = await ready(root, ("Sent",))
        (root / ".Sent").rename(root / ".Other")
        with pytest.raises(StaleFolder):
            await box.put(("Sent",), [message(1)])
        with pytest.raises(StaleFolder):
            await box.put(("Never",), [message(1)])

    async def test_a_link_in_the_place_of_one_is_not_followed(self, root: Path, tmp_path: Path) -> None:
        folder(root)
        outside = folder(tmp_path / "outside")
        (root / ".Link").symlink_to(outside)
        short = await target(root).make([MailFolder(("Link",))])
        assert set(short) == {("Link",)}
        assert files(outside) == []

    async def test_names_are_taken_by_their_length_on_disk_alone(self, root: Path) -> None:
        rules = target(root).rules
        assert rules.length(("台北", "a.b")) == len(".&U,BTFw-.a\\2eb")
        assert rules.delimiter == "\0"


class TestNoRoom:
    @pytest.mark.parametrize("call", ["write", "fsync", "rename", "open"])
    async def test_is_an_outcome_and_leaves_nothing_half(
        self, root: Path, monkeypatch: pytest.MonkeyPatch, call: str
    ) -> None:
        box = await ready(root)
        await box.put(INBOX, [message(9)])
        monkeypatch.setattr(os, call, failing(getattr(os, call), errno.ENOSPC))
        outcomes = await box.put(INBOX, [message(1), message(2)])
        monkeypatch.undo()
        assert [one.code for one in outcomes if isinstance(one, Refused)] == ["OVERQUOTA", "OVERQUOTA"]
        assert len(files(root)) == 1
        assert [type(one) for one in await box.put(INBOX, [message(1), message(2)])] == [Stored, Stored]

    async def test_for_one_message_alone_lets_the_others_in(self, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        box = await ready(root)
        real = os.write

        def write(descriptor: int, octets: bytes) -> int:
            if len(octets) > 1000:
                raise OSError(errno.EFBIG, "File too large")
            return real(descriptor, octets)

        monkeypatch.setattr(os, "write", write)
        outcomes = await box.put(INBOX, [message(1), message(2, b"x" * 2000), message(3)])
        assert [one.code if isinstance(one, Refused) else "" for one in outcomes] == ["", "TOOBIG", ""]
        assert len(files(root)) == 2

    async def test_the_quota_is_told_what_came(self, root: Path) -> None:
        box = await ready(root)
        (root / "maildirsize").write_text("1000S\n")
        await box.put(INBOX, [message(1), message(2)])
        assert (root / "maildirsize").read_text() == f"1000S\n{2 * len(MAIL)} 2\n"
        assert (await box.room()).octets == 1000 - 2 * len(MAIL)


class TestDisksThatFail:
    @pytest.mark.parametrize("call", ["write", "fsync", "rename"])
    async def test_nobody_knows_and_nothing_half_is_left(
        self, root: Path, monkeypatch: pytest.MonkeyPatch, call: str
    ) -> None:
        box = await ready(root)
        monkeypatch.setattr(os, call, failing(getattr(os, call), errno.EIO))
        with pytest.raises(MailboxAway):
            await box.put(INBOX, [message(1)])
        assert files(root) == []

    async def test_a_read_only_one_is_refused(self, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        box = await ready(root)
        monkeypatch.setattr(os, "rename", failing(os.rename, errno.EROFS))
        with pytest.raises(MailboxRefused):
            await box.put(INBOX, [message(1)])


def failing(call: Callable[..., object], code: int) -> Callable[..., object]:
    """The same call, failing for what concerns messages."""

    def failed(first: object, *others: object, **names: object) -> object:
        if code == errno.ENOSPC and call.__name__ == "open" and not str(first).endswith(".store"):
            return call(first, *others, **names)
        raise OSError(code, os.strerror(code))

    return failed


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
async def test_root_leaves_everything_to_whom_the_maildir_belongs(root: Path) -> None:
    folder(root)
    os.chown(root, 65534, 65534)
    box = await ready(root, ("Sent",))
    await box.make([MailFolder(("Sent",), subscribed=True)])
    await box.put(("Sent",), [message(1, flags=["kw"])])
    owned = [*(root / ".Sent").rglob("*"), root / ".Sent", root / "subscriptions"]
    assert {path.lstat().st_uid for path in owned} == {65534}


async def test_dates_before_any_file_system_are_no_failure(root: Path) -> None:
    box = await ready(root)
    dates = [datetime(1969, 1, 1, tzinfo=UTC), datetime(1, 1, 2, tzinfo=UTC), datetime(9999, 1, 1, tzinfo=UTC)]
    stored = await box.put(INBOX, [message(uid, at=at) for uid, at in enumerate(dates, 1)])
    assert [type(one) for one in stored] == [Stored] * 3
