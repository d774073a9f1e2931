"""A dead role ends the process: /healthz never says 200 while a part of the service is gone."""

import smtplib
import sqlite3
import subprocess
import sys
from pathlib import Path

from tests.real.house import house
from tests.support.deadline import wait_until


def test_an_edition_nobody_can_read_ends_the_service(tmp_path: Path) -> None:
    with house(tmp_path / "us") as us:
        assert us.healthy()
        with sqlite3.connect(us.folder / "records.db") as records:
            records.execute(
                "INSERT INTO plans SELECT plan, number + 1, 'plan: [broken', file, made_at, made_by, reason FROM plans"
            )
            records.execute("UPDATE versions SET number = number + 1 WHERE what = 'editions'")
        records.close()
        wait_until(lambda: not us.program.running, "the process ends")
        assert us.program.wait() == 1
        assert not us.healthy()
        assert "role-ended" in us.program.output()
        assert "almanac" in us.program.output()


def test_a_second_service_on_the_same_records_is_refused(tmp_path: Path) -> None:
    with house(tmp_path / "us") as us:
        second = us.folder / "second"
        second.mkdir()
        settings = (us.folder / "lastpost.yaml").read_text()
        other = settings.replace(f":{us.world}", ":0").replace(f":{us.http}", ":0")
        (us.folder / "second.yaml").write_text(other)
        command = [sys.executable, "-m", "mailsvc.cli", "--settings", str(us.folder / "second.yaml"), "serve"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=180, check=False)
        assert done.returncode == 1
        assert "another service" in done.stderr
        assert us.healthy()


def test_cleared_mail_is_counted_at_once(tmp_path: Path) -> None:
    with house(tmp_path / "us") as us:
        inbox = us.folder / "mail" / "closing.example" / "mitsuru" / "new"
        inbox.mkdir(parents=True)
        for name in ("tmp", "cur"):
            (inbox.parent / name).mkdir()
        (inbox / "1.old.host").write_bytes(b"x" * 1_100_000)
        with smtplib.SMTP("127.0.0.1", us.world, timeout=60) as client:
            client.ehlo("client.example")
            client.mail("friend@elsewhere.example")
            assert client.rcpt("mitsuru@closing.example")[0] == 452
            us.move("+20d")
            assert client.rcpt("mitsuru@closing.example")[0] == 550
            (inbox / "1.old.host").unlink()
            assert client.rcpt("mitsuru@closing.example")[0] == 250
