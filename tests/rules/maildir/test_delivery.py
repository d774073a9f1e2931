"""A message lands whole, durable and once, or leaves nothing behind."""

import errno
import os
import stat
import threading
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from migrator.maildir.delivery import Landed, MaildirBox, MaildirError
from tests.rules.maildir.boxes import AT, NAME, deliver, files
from tests.support.noting import noting


class TestLanding:
    def test_a_message_is_kept_to_the_octet(self, root: Path, box: MaildirBox) -> None:
        landed = deliver(box, b"Return-Path: <>\r\n", b"", b"\x00\xff bare \n and \r stay", b"\r\n")
        assert landed == Landed(f"{NAME},S=39", 39)
        assert files(root) == {f"new/{NAME},S=39": b"Return-Path: <>\r\n\x00\xff bare \n and \r stay\r\n"}

    def test_an_empty_message_is_a_message(self, root: Path, box: MaildirBox) -> None:
        deliver(box, b"")
        assert files(root) == {f"new/{NAME},S=0": b""}

    def test_nobody_else_can_read_it(self, root: Path, box: MaildirBox) -> None:
        before = os.umask(0)
        try:
            landed = deliver(box)
        finally:
            os.umask(before)
        modes = {path: stat.S_IMODE(path.stat().st_mode) for path in (root, root / "new", root / "cur", root / "tmp")}
        assert set(modes.values()) == {0o700}
        assert stat.S_IMODE((root / "new" / landed.name).stat().st_mode) == 0o600

    def test_step_by_step_for_a_body_that_arrives_slowly(self, root: Path, box: MaildirBox) -> None:
        with box.begin(delivery_id="7", at=AT) as landing:
            landing.write(b"hel")
            assert [path.split("/")[0] for path in files(root)] == ["tmp"]
            landing.write(b"lo")
            assert landing.land().size == 5
        assert files(root) == {f"new/{NAME},S=5": b"hello"}

    def test_a_message_given_up_leaves_nothing(self, root: Path, box: MaildirBox) -> None:
        with box.begin(delivery_id="7", at=AT) as landing:
            landing.write(b"hel")
        assert files(root) == {}
        landing.discard()

    def test_a_source_that_fails_leaves_nothing(self, root: Path, box: MaildirBox) -> None:
        def broken() -> Iterator[bytes]:
            yield b"half of"
            raise RuntimeError("the records are away")

        with pytest.raises(RuntimeError, match="away"):
            box.deliver(broken(), delivery_id="7", at=AT)
        assert files(root) == {}

    def test_memory_stays_flat(self, box: MaildirBox) -> None:
        deliver(box, delivery_id="warm")
        tracemalloc.start()
        box.deliver((bytes(1 << 20) for _ in range(64)), delivery_id="7", at=AT)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 4 << 20

    def test_descriptors_are_given_back(self, box: MaildirBox) -> None:
        deliver(box, delivery_id="warm")
        before = len(list(Path("/proc/self/fd").iterdir()))
        for number in range(20):
            deliver(box, delivery_id=f"n{number}")
            with pytest.raises(RuntimeError), box.begin(delivery_id=f"x{number}", at=AT):
                raise RuntimeError
        assert len(list(Path("/proc/self/fd").iterdir())) == before


class TestOnce:
    def test_a_second_attempt_finds_the_first(self, root: Path, box: MaildirBox) -> None:
        deliver(box)
        assert deliver(box) == Landed(f"{NAME},S=7", 7, already=True)
        assert deliver(box, repeated=True).already
        assert len(files(root)) == 1

    @pytest.mark.parametrize("place", ["cur/{},S=7:2,S", "cur/{},S=7:2,", ".Archive/cur/{},S=7:2,RS"])
    def test_a_message_already_read_or_filed_is_not_delivered_again(
        self, root: Path, box: MaildirBox, place: str
    ) -> None:
        landed = deliver(box)
        moved = root / place.format(NAME)
        moved.parent.mkdir(parents=True, exist_ok=True)
        (root / "new" / landed.name).rename(moved)
        assert deliver(box, repeated=True) == Landed(moved.name, 7, already=True)
        assert list((root / "new").iterdir()) == []

    def test_other_deliveries_are_other_messages(self, root: Path, box: MaildirBox) -> None:
        for delivery_id in ("7", "8", "77"):
            assert not deliver(box, delivery_id=delivery_id, repeated=True).already
        assert len(files(root)) == 3

    def test_a_draft_of_a_killed_attempt_is_in_nobodys_way(self, root: Path, box: MaildirBox) -> None:
        box.ensure()
        (root / "tmp" / f"{NAME}.old").write_bytes(b"half")
        assert deliver(box, repeated=True) == Landed(f"{NAME},S=7", 7)
        assert (root / "new" / f"{NAME},S=7").read_bytes() == b"hello\r\n"

    def test_two_attempts_at_once_make_one_message(self, root: Path) -> None:
        found: list[Landed] = []
        together = threading.Barrier(8)

        def attempt() -> None:
            together.wait()
            found.append(deliver(MaildirBox(root, host="mx", base=root.parent.parent)))

        threads = [threading.Thread(target=attempt) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(landed.already for landed in found) == [False] + [True] * 7
        assert files(root) == {f"new/{NAME},S=7": b"hello\r\n"}


def failing(name: str, number: int, at: int = 1) -> Callable[[pytest.MonkeyPatch], None]:
    """Let the `at`-th call of os.`name` fail with `number`."""

    def inject(patch: pytest.MonkeyPatch) -> None:
        real, calls = getattr(os, name), []

        def fail(*_: object, **__: object) -> None:
            calls.append(1)
            if len(calls) == at:
                raise OSError(number, os.strerror(number))

        patch.setattr(os, name, noting(real, fail))

    return inject


class TestTrouble:
    @pytest.mark.parametrize("name", ["write", "fsync", "link", "open"])
    @pytest.mark.parametrize(
        ("number", "full"), [(errno.ENOSPC, True), (errno.EDQUOT, True), (errno.EIO, False), (errno.EMFILE, False)]
    )
    def test_is_told_and_leaves_nothing(
        self, root: Path, box: MaildirBox, monkeypatch: pytest.MonkeyPatch, name: str, number: int, *, full: bool
    ) -> None:
        deliver(box, delivery_id="before")
        with monkeypatch.context() as patch:
            failing(name, number)(patch)
            with pytest.raises(MaildirError, match="hanako") as caught:
                deliver(box)
        assert caught.value.full is full
        assert isinstance(caught.value.__cause__, OSError)
        assert [path for path in files(root) if "Q7" in path] == []
        assert deliver(box, repeated=True) == Landed(f"{NAME},S=7", 7)

    def test_of_the_folders_own_sync_takes_the_message_back(
        self, root: Path, box: MaildirBox, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        deliver(box, delivery_id="before")
        with monkeypatch.context() as patch:
            failing("fsync", errno.EIO, at=2)(patch)
            with pytest.raises(MaildirError):
                deliver(box)
        assert [path for path in files(root) if "Q7" in path] == []

    def test_of_a_repeated_attempt_does_not_take_the_first_ones_message(
        self, root: Path, box: MaildirBox, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        deliver(box)
        with monkeypatch.context() as patch:
            failing("fsync", errno.EIO, at=2)(patch)
            with pytest.raises(MaildirError):
                deliver(box)
        assert list(files(root)) == [f"new/{NAME},S=7"]

    def test_short_writes_are_gone_on_with(self, root: Path, box: MaildirBox, monkeypatch: pytest.MonkeyPatch) -> None:
        real = os.write
        monkeypatch.setattr(os, "write", lambda file, octets: real(file, bytes(octets)[:3]))
        assert deliver(box, b"hello world").size == 11
        assert list(files(root).values()) == [b"hello world"]

    def test_a_mailbox_that_cannot_be_made(self, root: Path, box: MaildirBox) -> None:
        root.parent.parent.mkdir(exist_ok=True)
        root.parent.write_text("a file where the domain's folder should be")
        with pytest.raises(MaildirError):
            deliver(box)

    @pytest.mark.parametrize("what", ["", "tmp", "new"])
    def test_a_symbolic_link_is_not_followed(self, tmp_path: Path, root: Path, box: MaildirBox, what: str) -> None:
        elsewhere = tmp_path / "elsewhere"
        for name in ("tmp", "new", "cur"):
            (elsewhere / name).mkdir(parents=True)
        root.parent.mkdir()
        if what:
            root.mkdir()
            (root / what).symlink_to(elsewhere / what)
        else:
            root.symlink_to(elsewhere)
        with pytest.raises(MaildirError):
            deliver(box)
        assert [path for path in elsewhere.rglob("*") if path.is_file()] == []

    def test_a_symbolic_link_to_nothing_makes_nothing(self, tmp_path: Path, root: Path, box: MaildirBox) -> None:
        root.parent.mkdir()
        root.symlink_to(tmp_path / "nothing")
        with pytest.raises(MaildirError):
            deliver(box)
        assert not (tmp_path / "nothing").exists()

    def test_finding_in_a_mailbox_that_is_no_folder(self, root: Path, box: MaildirBox) -> None:
        root.parent.mkdir()
        root.write_text("not a folder")
        with pytest.raises(MaildirError):
            box.find("7")
