"""An import killed or interrupted in the middle: the old directory stays in force, the next import goes through."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from mailsvc.desk.accounts_import import import_accounts
from mailsvc.desk.accounts_list import list_accounts
from mailsvc.desk.accounts_staging import MARK
from mailsvc.records import marks
from tests.rules.desk.world import World, opened
from tests.support.deadline import wait_until

ROWS = 60_000


def half_done(world: World) -> bool:
    """Whether some rows are staged and nothing is published yet."""
    with world.desk.records.read() as conn:
        staging = "select count(*) from addresses a join generations g using (generation) where g.state = 'staging'"
        return int(conn.exec_driver_sql(staging).scalar_one()) > 1000


def start(folder: Path) -> "subprocess.Popen[str]":
    file = folder / "big.csv"
    file.write_text(
        "address\n" + "".join(f"user{number}@closing.example\n" for number in range(ROWS)), encoding="utf-8"
    )
    words = [
        sys.executable,
        "-m",
        "mailsvc.cli",
        "--settings",
        str(folder / "lastpost.yaml"),
        "accounts",
        "import",
        str(file),
    ]
    return subprocess.Popen(words, stderr=subprocess.PIPE, text=True)


@pytest.mark.parametrize(
    ("number", "code", "left"),
    [(signal.SIGKILL, -signal.SIGKILL, True), (signal.SIGINT, 130, False), (signal.SIGTERM, 130, False)],
)
def test_an_import_stopped_in_the_middle_changes_nothing(
    tmp_path: Path, number: signal.Signals, code: int, left: bool
) -> None:
    with opened(tmp_path) as world:
        world.take("address\nold@closing.example\n")
        with start(tmp_path) as stopped:
            wait_until(lambda: half_done(world), "some staged rows")
            stopped.send_signal(number)
            _, told = stopped.communicate(timeout=180)
        assert stopped.returncode == code, told
        assert [row["address"] for row in list_accounts(world.desk, None, "")] == ["old@closing.example"]
        with world.desk.records.read() as conn:
            assert (marks.get(conn, MARK) is not None) is left

        report = import_accounts(world.desk, world.write("address\nnew@closing.example\n"), world.rejects)
        assert report.published
        assert [row["address"] for row in list_accounts(world.desk, None, "")] == ["new@closing.example"]
        with world.desk.records.read() as conn:
            staging = "select count(*) from generations where state = 'staging'"
            assert (marks.get(conn, MARK), conn.exec_driver_sql(staging).scalar_one()) == (None, 0)
