"""What is synced, in which order, before a message counts as landed."""

import errno
import os
from pathlib import Path

import pytest

from migrator.maildir.delivery import MaildirBox
from tests.rules.maildir.boxes import NAME, deliver
from tests.support.noting import noting


class TestDurability:
    def test_everything_is_synced_in_order(self, root: Path, box: MaildirBox, monkeypatch: pytest.MonkeyPatch) -> None:
        steps: list[str] = []

        def sync(descriptor: int) -> None:
            steps.append(str(Path(f"/proc/self/fd/{descriptor}").readlink().relative_to(root.parent.parent)))

        def link(*_: object, **__: object) -> None:
            steps.append("link")

        monkeypatch.setattr(os, "fsync", noting(os.fsync, sync))
        monkeypatch.setattr(os, "link", noting(os.link, link))
        deliver(box)
        folders, rest = steps[:3], steps[3:]
        assert folders == ["closing.example/hanako", "closing.example", "."]
        assert rest[0].startswith(f"closing.example/hanako/tmp/{NAME}.")
        assert rest[1:] == ["link", "closing.example/hanako/new"]

    @pytest.mark.parametrize("missing", ["new", "cur", "tmp"])
    def test_folders_are_synced_even_if_a_run_that_was_killed_had_made_them(
        self, root: Path, monkeypatch: pytest.MonkeyPatch, missing: str
    ) -> None:
        for name in {"new", "cur", "tmp"} - {missing}:
            (root / name).mkdir(parents=True)
        steps: list[str] = []

        def mkdir(path: str, *_: object, **__: object) -> None:
            steps.append(path)

        monkeypatch.setattr(os, "fsync", noting(os.fsync, lambda _: steps.append("sync")))
        monkeypatch.setattr(os, "mkdir", noting(os.mkdir, mkdir))
        deliver(MaildirBox(root, host="mx", base=root.parent.parent))
        assert steps[-6:] == ["sync", "sync", "sync", "tmp", "sync", "sync"]

    def test_a_whole_mailbox_costs_two_syncs_a_message(
        self, root: Path, box: MaildirBox, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        deliver(box, delivery_id="before")
        synced: list[object] = []
        monkeypatch.setattr(os, "fsync", noting(os.fsync, synced.append))
        deliver(MaildirBox(root, host="mx", base=root.parent.parent))
        assert len(synced) == 2

    def test_a_folder_above_that_may_not_be_read_is_somebody_elses(
        self, root: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def guard(path: object, *_: object, **__: object) -> None:
            if path == root.parent.parent:
                raise PermissionError(errno.EACCES, "permission denied")

        monkeypatch.setattr(os, "open", noting(os.open, guard))
        assert not deliver(MaildirBox(root, host="mx")).already
