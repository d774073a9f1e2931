"""The doctor: each thing that can be wrong is a finding with its severity and remedy, and a good house has none."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Thread

import pytest

from mailsvc.desk.accounts_import import import_accounts
from mailsvc.desk.doctor import doors
from mailsvc.desk.doctor.examine import examine
from mailsvc.desk.doctor.finding import Finding, Severity
from mailsvc.desk.doctor.places import file_system
from mailsvc.desk.plans import apply_plan
from mailsvc.records import editions, marks
from schedules.jump import Suspect
from schedules.planfile import read_plan
from tests.rules.desk.world import EXAMPLE_CSV, PLAN, SETTINGS, opened
from tests.support.ports import free_port

ONE_DOMAIN = SETTINGS.replace('  second.example:\n    deliver: "maildir:mail/{domain}/{user}"\n', "")


@pytest.fixture
def house(tmp_path: Path) -> Path:
    """The settings file of an installation with nothing wrong in it."""
    with opened(tmp_path, ONE_DOMAIN) as world:
        import_accounts(world.desk, EXAMPLE_CSV, world.rejects)
        apply_plan(world.desk, read_plan(PLAN, "closing.yaml"), "decided")
    return tmp_path / "lastpost.yaml"


def changed(file: Path, old: str, new: str) -> Path:
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")
    return file


def found(file: Path, check: str) -> list[Finding]:
    return [finding for finding in examine(file) if finding.check == check]


def worst(file: Path, check: str) -> Finding:
    return found(file, check)[0]


def test_a_good_house_has_no_problems(house: Path) -> None:
    assert [finding for finding in examine(house) if finding.severity is not Severity.NOTE] == []


def test_findings_come_worst_first_with_what_and_remedy(house: Path) -> None:
    findings = examine(changed(house, "administrators: [admin@surviving.example]", "administrators: []"))
    assert findings == sorted(findings)
    assert all(finding.what and finding.remedy for finding in findings)
    assert findings[0].row()["severity"] == "warning"


def test_bad_settings_are_findings_with_their_places(house: Path) -> None:
    finding, *_ = examine(changed(house, "purpose: test", "purpose: demonstration"))
    assert (finding.severity, finding.check) == (Severity.ERROR, "settings")
    assert "lastpost.yaml:2:" in finding.what


def test_nobody_to_tell_is_a_warning(house: Path) -> None:
    changed(house, "administrators: [admin@surviving.example]", "administrators: []")
    assert "there are no administrators" in worst(house, "settings").what


def test_advice_for_production_is_told(house: Path) -> None:
    changed(house, "purpose: test", "purpose: production")
    assert any("notice page is not named" in finding.what for finding in found(house, "settings"))


def test_records_that_are_not_there_are_an_error(house: Path) -> None:
    changed(house, "records.db", "other.db")
    finding = worst(house, "records")
    assert finding.severity is Severity.ERROR
    assert "lastpost init" in finding.what + finding.remedy


def test_records_that_are_no_database_are_an_error(house: Path) -> None:
    (house.parent / "records.db").write_bytes(b"this is no database, and long enough to be seen as none" * 100)
    for rest in house.parent.glob("records.db-*"):
        rest.unlink()
    assert worst(house, "records").severity is Severity.ERROR


def test_a_maildir_root_that_cannot_be_written_to_is_an_error(house: Path) -> None:
    changed(house, "maildir:mail/", "maildir:/proc/1/mail/")
    finding = worst(house, "maildirs")
    assert (finding.severity, "cannot be written to" in finding.what) == (Severity.ERROR, True)


def test_too_little_room_is_an_error(house: Path) -> None:
    changed(house, "gateway:\n", "gateway:\n  size_limit: 900000 TB\n")
    assert worst(house, "disk").severity is Severity.ERROR


@pytest.mark.parametrize(
    ("path", "kind"),
    [("/srv/mail/x", "nfs4"), ("/srv", "ext4"), ("/srv/mailbox", "ext4"), ("/srv/my disk/x", "cifs"), ("/", "ext4")],
)
def test_file_systems_are_told_by_their_mounts(tmp_path: Path, path: str, kind: str) -> None:
    root = tmp_path / "root"
    mounts = tmp_path / "mountinfo"
    for folder in ("srv/mail/x", "srv/mailbox", "srv/my disk/x"):
        (root / folder).mkdir(parents=True)
    shown = str(root).replace(" ", "\\040")
    mounts.write_text(
        f"1 0 8:1 / / rw - ext4 /dev/sda rw\n2 1 0:5 / {shown}/srv/mail rw shared:1 - nfs4 host:/ rw\n"
        f"3 1 0:6 / {shown}/srv/my\\040disk rw - cifs //host/x rw\nbroken line\n"
    )
    assert file_system(root / path.removeprefix("/"), mounts) == kind


def test_an_unknown_mount_table_is_no_finding(tmp_path: Path) -> None:
    assert file_system(tmp_path, tmp_path / "none") == ""


# ── ports ───────────────────────────────────────────────────────────────────────────────────────────────
@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever is there answers, however slow the machine is."""
    monkeypatch.setattr(doors, "PATIENCE", 300.0)


@contextmanager
def answering(says: bytes) -> Iterator[int]:
    """Somebody else on a port, who says one thing and hangs up."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            peer, _ = server.accept()
            with peer:
                peer.settimeout(300)
                if says.startswith(b"HTTP"):
                    peer.recv(4096)
                peer.sendall(says)

        thread = Thread(target=serve)
        thread.start()
        yield server.getsockname()[1]
        thread.join(60)


def test_a_free_port_is_no_finding(house: Path) -> None:
    changed(house, "listen: 127.0.0.1:0\nhttp", f"listen: 127.0.0.1:{free_port()}\nhttp")
    assert found(house, "ports") == []


def test_our_own_greeting_is_a_note(house: Path) -> None:
    with answering(b"220 mx.closing.example ESMTP\r\n") as port:
        changed(house, "listen: 127.0.0.1:0\nhttp", f"listen: 127.0.0.1:{port}\nhttp")
        (finding,) = found(house, "ports")
    assert (finding.severity, "is answered as mx.closing.example" in finding.what) == (Severity.NOTE, True)


@pytest.mark.parametrize("says", [b"220 other.example ESMTP Postfix\r\n", b"SSH-2.0-OpenSSH\r\n", b""])
def test_another_program_on_our_port_is_an_error(house: Path, says: bytes) -> None:
    with answering(says) as port:
        changed(house, "listen: 127.0.0.1:0\nhttp", f"listen: 127.0.0.1:{port}\nhttp")
        (finding,) = found(house, "ports")
    assert (finding.severity, "taken by another program" in finding.what) == (Severity.ERROR, True)


@pytest.mark.parametrize(
    ("says", "severity", "told"),
    [
        (b'HTTP/1.1 200 OK\r\n\r\n{"gateway": "up"}', Severity.NOTE, "healthy"),
        (b'HTTP/1.1 503 Service Unavailable\r\n\r\n{"gateway": "down"}', Severity.WARNING, "a role is down"),
        (b"HTTP/1.1 200 OK\r\n\r\n<html>", Severity.ERROR, "taken by another program"),
    ],
)
def test_who_answers_on_the_http_port_is_told(house: Path, says: bytes, severity: Severity, told: str) -> None:
    with answering(says) as port:
        changed(house, "http:\n  listen: 127.0.0.1:0", f"http:\n  listen: 127.0.0.1:{port}")
        (finding,) = found(house, "ports")
    assert (finding.severity, told in finding.what) == (severity, True)


def test_an_address_of_another_machine_is_an_error(house: Path) -> None:
    changed(house, "listen: 127.0.0.1:0\nhttp", "listen: 192.0.2.1:2525\nhttp")
    assert "cannot be listened on" in worst(house, "ports").what


# ── plans, accounts, clock ──────────────────────────────────────────────────────────────────────────────
def test_a_stored_plan_of_another_version_is_an_error_and_no_crash(house: Path) -> None:
    with opened(house.parent, ONE_DOMAIN) as world:
        at = datetime(2024, 1, 1, tzinfo=UTC)
        world.desk.records.act(
            lambda conn: editions.add_amendment(conn, "closing", "{}", number=1, at=at, by="x", reason="of tomorrow")
        )
    assert worst(house, "plans").severity is Severity.ERROR
    assert "the stored plan closing" in worst(house, "plans").what


def test_a_domain_without_plan_is_a_note_and_one_without_accounts_a_warning(house: Path) -> None:
    changed(house, "domains:\n", 'domains:\n  new.example:\n    deliver: "maildir:mail/{domain}/{user}"\n')
    assert worst(house, "plans").severity is Severity.NOTE
    assert "no plan says how new.example ends" in worst(house, "plans").what
    assert "new.example has no accounts" in worst(house, "directory").what


def test_what_ends_and_is_not_served_is_a_warning(house: Path) -> None:
    changed(house, "  closing.example:\n", "  other.example:\n")
    changed(house, '"*.closing.example"', '"*.other.example"')
    assert any("a plan ends closing.example" in finding.what for finding in found(house, "plans"))
    assert any("the accounts of closing.example are there" in finding.what for finding in found(house, "directory"))


def test_a_clock_in_doubt_is_an_error(house: Path, tmp_path: Path) -> None:
    now = datetime.now(UTC)
    doubt = Suspect(now - timedelta(days=9), now, now, "the wall clock went 9 days ahead")
    with opened(tmp_path, ONE_DOMAIN) as world:
        world.desk.records.act(lambda conn: marks.put_jump(conn, doubt.to_json()))
    finding = worst(house, "clock")
    assert (finding.severity, "went 9 days ahead" in finding.what) == (Severity.ERROR, True)
    assert "lastpost clock acknowledge" in finding.remedy


@pytest.mark.parametrize(
    ("ago", "severity"), [(timedelta(days=-3), Severity.ERROR), (timedelta(days=30), Severity.WARNING)]
)
def test_a_mark_far_from_the_clock_is_told(house: Path, tmp_path: Path, ago: timedelta, severity: Severity) -> None:
    with opened(tmp_path, ONE_DOMAIN) as world:
        world.desk.records.act(lambda conn: marks.put_high_water(conn, datetime.now(UTC) - ago))
    assert worst(house, "clock").severity is severity


def test_a_moved_clock_is_a_note_and_a_bad_clock_file_an_error(house: Path) -> None:
    file = house.parent / "clock"
    file.write_text("+3d", encoding="utf-8")
    house.write_text(house.read_text(encoding="utf-8") + "clock:\n  file: clock\n", encoding="utf-8")
    assert any("moves time by 3 days" in finding.what for finding in found(house, "clock"))
    file.write_text("soon", encoding="utf-8")
    assert worst(house, "clock").severity is Severity.ERROR


def test_soft_bounce_is_not_forgotten(house: Path) -> None:
    assert not any("soft_bounce" in finding.what for finding in examine(house))
    house.write_text(house.read_text(encoding="utf-8") + "\nsoft_bounce: yes\n", encoding="utf-8")
    assert [finding.severity for finding in examine(house) if "soft_bounce is on" in finding.what] == [Severity.NOTE]
