"""Counting what a Maildir holds: exact, cheap where nothing moves, never fooled by flags and folders."""

import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from migrator.maildir.delivery import MaildirError
from migrator.maildir.usage import Held, MaildirCount
from tests.support.noting import noting


def put(folder: Path, name: str, octets: int = 0) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / name
    file.write_bytes(b"x" * octets)
    return file


def settled(root: Path) -> None:
    """Let every folder look as if nothing had moved for long."""
    for folder in (root, *root.rglob("*")):
        if folder.is_dir():
            os.utime(folder, ns=(1, folder.stat().st_mtime_ns - 10**9))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "hanako"


def test_a_mailbox_that_does_not_exist_holds_nothing(root: Path) -> None:
    assert MaildirCount(root).count() == Held(0, 0)
    assert MaildirCount(root).quick() == Held(0, 0)


def test_sizes_come_from_names_and_else_from_files(root: Path) -> None:
    put(root / "new", "1.a,S=1000")
    put(root / "new", "2.b", 10)
    put(root / "cur", "3.c,S=200:2,RS")
    put(root / "cur", "4.d:2,S", 5)
    assert MaildirCount(root).count() == Held(1215, 4)


def test_subfolders_count_and_the_rest_does_not(root: Path) -> None:
    put(root / "cur", "1.a,S=1:2,")
    put(root / ".Sent" / "cur", "2.b,S=10:2,S")
    put(root / ".Sent.2023" / "new", "3.c,S=100")
    put(root / "tmp", "4.d,S=1000")
    put(root / "cur", "5.e,S=1").rename(root / "dovecot-uidlist")
    put(root / "backup" / "cur", "6.f,S=10000")
    (root / "cur" / "folder,S=100000").mkdir()
    assert MaildirCount(root).count() == Held(111, 3)


def test_links_are_not_followed(root: Path, tmp_path: Path) -> None:
    put(root / "cur", "1.a,S=1:2,")
    put(tmp_path / "other" / "cur", "2.b,S=10")
    (root / ".Other").symlink_to(tmp_path / "other")
    (root / "cur" / "3.c,S=100").symlink_to(tmp_path / "other" / "cur" / "2.b,S=10")
    assert MaildirCount(root).count() == Held(1, 1)


def test_changes_are_seen(root: Path) -> None:
    file = put(root / "new", "1.a,S=7")
    (root / "cur").mkdir()
    count = MaildirCount(root)
    assert count.quick() == Held(7, 1)
    put(root / "new", "2.b,S=10")
    assert count.quick() == Held(17, 2)
    file.rename(root / "cur" / "1.a,S=7:2,S")
    assert count.quick() == Held(17, 2)
    (root / "cur" / "1.a,S=7:2,S").unlink()
    assert count.quick() == Held(10, 1)
    put(root / ".New" / "cur", "3.c,S=100")
    assert count.quick() == Held(110, 2)
    (root / ".New" / "cur" / "3.c,S=100").unlink()
    (root / ".New" / "cur").rmdir()
    (root / ".New").rmdir()
    assert count.quick() == Held(10, 1)


def test_what_does_not_move_is_not_read_again(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(root / "new", "1.a,S=7")
    put(root / "cur", "2.b,S=70")
    settled(root)
    count = MaildirCount(root)
    count.count()
    looked: list[str] = []

    def look(path: str | Path) -> None:
        looked.append(Path(path).name)

    monkeypatch.setattr("migrator.maildir.delivery.os.scandir", noting(os.scandir, look))
    assert count.quick() == Held(77, 2)
    assert looked == ["hanako"]
    put(root / "new", "3.c,S=700")
    assert count.quick() == Held(777, 3)
    assert looked == ["hanako", "hanako", "new"]


def test_a_folder_that_moved_just_now_is_read_again(root: Path) -> None:
    put(root / "new", "1.a,S=7")
    moment = (root / "new").stat().st_mtime_ns
    count = MaildirCount(root, now_ns=lambda: moment + 10_000_000)
    assert count.count() == Held(7, 1)
    put(root / "new", "2.b,S=10")
    os.utime(root / "new", ns=(moment, moment))
    assert count.quick() == Held(17, 2)


def test_a_fresh_count_believes_nothing(root: Path) -> None:
    put(root / "new", "1.a,S=7")
    settled(root)
    moment = (root / "new").stat().st_mtime_ns
    count = MaildirCount(root)
    count.count()
    put(root / "new", "2.b,S=10")
    os.utime(root / "new", ns=(moment, moment))
    assert count.quick() == Held(7, 1)
    assert count.count(fresh=True) == Held(17, 2)


def test_a_large_folder_is_not_counted_in_passing(root: Path) -> None:
    (root / "cur").mkdir(parents=True)
    for number in range(1200):
        (root / "cur" / f"{number:08d}.a-name-as-long-as-those-of-real-messages.host,S=10:2,S").touch()
    count = MaildirCount(root)
    assert count.quick() is None
    assert count.count() == Held(12_000, 1200)
    settled(root)
    count.count()
    assert count.quick() == Held(12_000, 1200)


def test_counting_what_does_not_move_costs_little(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(300):
        put(root / "cur", f"{number}.a,S=10:2,S")
    settled(root)
    count = MaildirCount(root)
    count.count()
    looked: list[object] = []
    monkeypatch.setattr("os.scandir", noting(os.scandir, looked.append))
    monkeypatch.setattr("os.stat", noting(os.stat, lambda path, **_: looked.append(path)))
    assert count.quick() == Held(3000, 300)
    assert len(looked) < 10


def test_a_message_that_vanishes_while_counting_is_not_counted(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(root / "new", "1.a", 7)
    put(root / "new", "2.b,S=10")
    real = os.scandir

    def racing(path: str | Path) -> object:
        found = real(path)
        if Path(path).name == "new":
            (root / "new" / "1.a").unlink(missing_ok=True)
        return found

    monkeypatch.setattr("migrator.maildir.delivery.os.scandir", racing)
    assert MaildirCount(root).count() == Held(10, 1)


def test_a_mailbox_that_is_no_folder_cannot_be_counted(root: Path) -> None:
    root.write_text("no folder")
    for look in (MaildirCount(root).count, MaildirCount(root).quick):
        with pytest.raises(MaildirError, match="hanako"):
            look()


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["", ".Sent", ".A.B"]),
            st.sampled_from(["new", "cur"]),
            st.integers(0, 50),
            st.booleans(),
        ),
        max_size=15,
    ),
    st.data(),
)
def test_remembered_and_fresh_counts_agree(
    tmp_path_factory: pytest.TempPathFactory, messages: list[tuple[str, str, int, bool]], data: st.DataObject
) -> None:
    root = tmp_path_factory.mktemp("box") / "hanako"
    count, files = MaildirCount(root), []
    for number, (folder, place, octets, named) in enumerate(messages):
        name = f"{number}.x,S={octets}" if named else f"{number}.x"
        files.append(put(root / folder / place, name, octets))
        if data.draw(st.booleans()):
            count.quick()
        if data.draw(st.booleans()):
            files.pop().unlink()
    expected = Held(sum(file.stat().st_size for file in files), len(files))
    assert count.quick() == expected
    assert count.count(fresh=True) == expected
