"""A house on PostgreSQL is saved while mail comes in, and goes on in SQLite: held, looked at, let go, mail by mail."""

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

import pytest

from tests.real.house import LastpostHouse, house
from tests.real.postgresql import Postgresql, postgresql
from tests.support.deadline import wait_until
from tests.support.ports import free_port
from tests.support.run_folder import RunFolder

pytestmark = pytest.mark.real("postgresql")


@pytest.fixture
def server(run_folder: RunFolder) -> Postgresql:
    return postgresql(run_folder)


def lastpost(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "mailsvc.cli", "--settings", str(folder / "lastpost.yaml"), *words]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=180)


def queued(us: LastpostHouse, *words: str) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = json.loads(us.lastpost("queue", "list", "--json", *words))
    return rows


def send(us: LastpostHouse, to: str, mark: str) -> None:
    """Mail of a subscriber to somebody elsewhere: it is committed, whether or not its next hop is there."""
    us.send(f"{to}@elsewhere.example", mark, port=us.submission, sender="hanako@closing.example")


def saved_under_load(us: LastpostHouse, file: Path) -> None:
    """Make a backup while mail comes in."""
    stopped = Event()

    def go_on() -> int:
        number = 0
        while not stopped.wait(0.05):
            send(us, "many", f"meanwhile {number}")
            number += 1
        return number

    with ThreadPoolExecutor(1) as sender:
        sending = sender.submit(go_on)
        try:
            wait_until(lambda: queued(us, "--recipient", "many@elsewhere.example"), "mail comes in")
            us.lastpost("backup", str(file))
        finally:
            stopped.set()
        assert sending.result() > 0


def test_a_house_goes_on_from_its_backup_in_the_other_database(short_tmp: Path, server: Postgresql) -> None:
    file, url = short_tmp / "monday.backup", server.url(server.new_database())
    with house(short_tmp / "one", url=url, outbound=f"smtp://127.0.0.1:{free_port()}?tls=none") as one:
        for name in ("friend", "other"):
            send(one, name, f"to {name}")
        saved_under_load(one, file)
        before = json.loads(one.lastpost("audit", "list", "--json"))
        refused = lastpost(one.folder, "restore", str(file), "--replace", "--reason", "too early")
        assert (refused.returncode, "stop it first" in refused.stderr) == (1, True)
        assert one.rcpt("hanako@closing.example").startswith("250")
    assert lastpost(short_tmp, "verify", str(file)).returncode == 0
    with house(short_tmp / "two"):
        pass
    restored = lastpost(short_tmp / "two", "restore", str(file), "--replace", "--reason", "moved")
    assert restored.returncode == 0, restored.stderr
    with house(short_tmp / "two", settle_in=False) as two:
        goes_on(two, before)


def goes_on(two: LastpostHouse, before: list[dict[str, object]]) -> None:
    """Mail comes in and waits; what is let go arrives, once, and what is held alone waits longer."""
    send(two, "friend", "after the restore")
    assert {row["act"] for row in before} < {row["act"] for row in json.loads(two.lastpost("audit", "list", "--json"))}
    two.lastpost("queue", "hold", "--recipient", "other@elsewhere.example")
    (held,) = json.loads(two.lastpost("release", "--json"))
    assert held["why"].startswith("restored from monday.backup, made at ")
    assert sum(held["lanes"].values()) == len(queued(two)) - 1
    assert two.mail("elsewhere.example", "friend") == []
    two.lastpost("release", "--reason", "looked through")
    two.arrives("elsewhere.example", "friend", b"to friend")
    two.arrives("elsewhere.example", "friend", b"after the restore")
    assert (len(two.mail("elsewhere.example", "friend")), two.mail("elsewhere.example", "other")) == (2, [])
    assert [row["recipient"] for row in queued(two, "--state", "held")] == ["other@elsewhere.example"]
    two.lastpost("queue", "release", "--all")
    two.arrives("elsewhere.example", "other", b"to other")
    wait_until(lambda: not queued(two), "the queue is empty")
