"""What the doctor looks at by itself: disks with little room, mount tables, who holds a port, what findings are."""

import errno
import os
import socket
from pathlib import Path
from types import SimpleNamespace

import pytest

from mailsvc.desk.doctor import doors
from mailsvc.desk.doctor.doors import check_doors
from mailsvc.desk.doctor.finding import Finding, Severity, error, note, warning
from mailsvc.desk.doctor.places import check_exports_place, check_maildirs, check_records_place
from mailsvc.kit.settings import Settings, parse_settings
from tests.rules.desk.world import SETTINGS
from tests.support.ports import free_port

GIGABYTE = 10**9


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return parse_settings(SETTINGS, "lastpost.yaml", tmp_path)


def disk(monkeypatch: pytest.MonkeyPatch, *, free: int, size: int = 100 * GIGABYTE, inodes: int = 50) -> None:
    """A disk of `size` octets with `free` of them and `inodes` per cent of its inodes left."""
    told = SimpleNamespace(f_bavail=free, f_frsize=1, f_blocks=size, f_files=100_000, f_favail=inodes * 1000)
    monkeypatch.setattr(os, "statvfs", lambda _: told)


def test_exports_that_nobody_carries_out_are_a_warning(settings: Settings, tmp_path: Path) -> None:
    assert list(check_exports_place(settings)) == []
    asked = parse_settings(f"{SETTINGS}exports: {{folder: exports}}\n", "lastpost.yaml", tmp_path)
    assert list(check_exports_place(asked)) == [
        warning("exports", "this service carries no export out", "write `jobs.folder` too")
    ]
    taken = parse_settings(f"{SETTINGS}exports: {{folder: exports}}\njobs: {{folder: jobs}}\n", "l.yaml", tmp_path)
    assert list(check_exports_place(taken)) == []
    taken = parse_settings(f"{SETTINGS}jobs: {{folder: /proc/jobs}}\n", "lastpost.yaml", tmp_path)
    assert ["cannot be written to" in one.what for one in check_exports_place(taken)] == [True]


class TestRoom:
    def test_enough_is_no_finding(self, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
        disk(monkeypatch, free=50 * GIGABYTE)
        assert list(check_maildirs(settings)) == []
        assert list(check_records_place(settings)) == []

    def test_less_than_two_large_messages_is_an_error(
        self, settings: Settings, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        disk(monkeypatch, free=2 * settings.gateway.size_limit - 1)
        (finding,) = check_maildirs(settings)
        assert (finding.severity, finding.check) == (Severity.ERROR, "disk")
        assert "less than two messages of the largest size" in finding.what
        assert "452 4.3.1" in finding.remedy

    def test_a_disk_almost_full_is_a_warning(self, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
        disk(monkeypatch, free=5 * GIGABYTE - 1)
        (finding,) = check_records_place(settings)
        assert (finding.severity, "less than 5 %" in finding.what) == (Severity.WARNING, True)
        disk(monkeypatch, free=5 * GIGABYTE)
        assert list(check_records_place(settings)) == []

    def test_few_inodes_are_a_warning(self, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
        disk(monkeypatch, free=50 * GIGABYTE, inodes=0)
        (finding,) = check_maildirs(settings)
        assert (finding.severity, "inodes" in finding.what) == (Severity.WARNING, True)

    def test_a_disk_that_does_not_answer_is_an_error(self, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
        def away(_: object) -> None:
            raise OSError(errno.EIO, os.strerror(errno.EIO))

        monkeypatch.setattr(os, "statvfs", away)
        (finding,) = check_maildirs(settings)
        assert (finding.severity, "Input/output error" in finding.what) == (Severity.ERROR, True)

    def test_a_place_that_cannot_be_synced_is_an_error(
        self, settings: Settings, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def broken(_: object) -> None:
            raise OSError(errno.EROFS, os.strerror(errno.EROFS))

        monkeypatch.setattr(os, "fsync", broken)
        assert ["Read-only file system" in one.what for one in check_records_place(settings)] == [True]

    def test_looking_leaves_nothing_behind(self, settings: Settings, tmp_path: Path) -> None:
        list(check_maildirs(settings))
        list(check_records_place(settings))
        assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kind", ["nfs4", "cifs", "fuse.sshfs"])
def test_records_on_a_network_file_system_are_an_error(settings: Settings, tmp_path: Path, kind: str) -> None:
    mounts = tmp_path / "mountinfo"
    mounts.write_text(f"1 1 0:1 / / rw - ext4 /dev/sda rw\n2 1 0:2 / {tmp_path} rw - {kind} server:/srv rw\n")
    (finding,) = check_records_place(settings, mounts)
    assert finding.severity is Severity.ERROR
    assert f"network file system ({kind})" in finding.what
    assert "PostgreSQL" in finding.remedy


def test_the_place_of_another_database_is_not_ours_to_look_at(tmp_path: Path) -> None:
    text = SETTINGS.replace("sqlite:///records.db", "postgresql://lastpost@db.example/lastpost")
    settings = parse_settings(text, "lastpost.yaml", tmp_path)
    assert list(check_records_place(settings)) == []


class TestDoors:
    def test_doors_that_were_given_back_are_no_finding(self, tmp_path: Path) -> None:
        with socket.create_server(("127.0.0.1", 0)) as one, socket.create_server(("127.0.0.1", 0)) as two:
            ports = [server.getsockname()[1] for server in (one, two)]
            listeners = f"listen: 127.0.0.1:{ports[0]}\n    - listen: 127.0.0.1:{ports[1]}\nhttp"
            settings = self.settings(tmp_path, "listen: 127.0.0.1:0\nhttp", listeners)
            for server in (one, two):
                server.close()
            assert list(check_doors(settings)) == []

    def test_a_door_that_is_silent_is_an_error(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(doors, "PATIENCE", 0.1)
        with socket.create_server(("127.0.0.1", 0)) as server:
            port = server.getsockname()[1]
            settings = self.settings(tmp_path, "listen: 127.0.0.1:0\nhttp", f"listen: 127.0.0.1:{port}\nhttp")
            (finding,) = check_doors(settings)
        assert finding.severity is Severity.ERROR
        assert f"127.0.0.1:{port} is taken and does not answer" in finding.what
        assert "ss -ltnp" in finding.remedy

    @pytest.mark.parametrize(
        ("number", "said", "remedy"),
        [
            (errno.EACCES, "this user may not listen on 127.0.0.1:", "CAP_NET_BIND_SERVICE"),
            (errno.EADDRNOTAVAIL, "cannot be listened on (EADDRNOTAVAIL)", "an address of this machine"),
        ],
    )
    def test_a_door_that_may_not_be_opened_is_an_error(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, said: str, remedy: str
    ) -> None:
        monkeypatch.setattr(doors, "_bind", lambda _: number)
        findings = list(check_doors(self.settings(tmp_path, "127.0.0.1:0\nhttp", f"127.0.0.1:{free_port()}\nhttp")))
        assert len(findings) == 2
        for finding in findings:
            assert finding.severity is Severity.ERROR
            assert said in finding.what
            assert remedy in finding.remedy

    def settings(self, folder: Path, old: str, new: str) -> Settings:
        assert old in SETTINGS
        return parse_settings(SETTINGS.replace(old, new), "lastpost.yaml", folder)


def test_findings_come_worst_first_and_are_rows_of_words() -> None:
    made = [note("a", "n", "r"), warning("b", "w", "r"), error("z", "e", "r"), error("a", "e", "r")]
    assert [(one.severity.name, one.check) for one in sorted(made)] == [
        ("ERROR", "a"),
        ("ERROR", "z"),
        ("WARNING", "b"),
        ("NOTE", "a"),
    ]
    row = Finding(Severity.WARNING, "ports", "it is odd", "even it").row()
    assert row == {"severity": "warning", "check": "ports", "what": "it is odd", "remedy": "even it"}
