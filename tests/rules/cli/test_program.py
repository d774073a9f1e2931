"""The program as it is started: quick, quiet on a closed pipe, and with its array alone on stdout."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from mailsvc.cli.session import actor
from mailsvc.desk.accounts_import import import_accounts
from mailsvc.desk.plans import apply_plan
from schedules.planfile import read_plan
from tests.rules.desk.world import EXAMPLE_CSV, PLAN, opened

HEAVY = ("sqlalchemy", "alembic", "pydantic", "apscheduler", "aiosmtpd", "psycopg", "rich", "uvicorn", "yaml")


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An installation with accounts and a plan; answers with its settings file."""
    folder = tmp_path_factory.mktemp("house")
    with opened(folder) as world:
        import_accounts(world.desk, EXAMPLE_CSV, world.rejects)
        rows = "".join(f"user{number}@second.example\n" for number in range(3000))
        world.take("address\n" + rows)
        apply_plan(world.desk, read_plan(PLAN, "closing.yaml"), "decided")
    return folder / "lastpost.yaml"


def start(
    house: Path, *words: str, environ: Mapping[str, str] = os.environ, stdout: int = subprocess.PIPE
) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "mailsvc.cli", "--settings", str(house), *words]
    return subprocess.Popen(command, stdout=stdout, stderr=subprocess.PIPE, encoding="utf-8", env=dict(environ))


def test_what_no_command_asked_for_is_not_loaded() -> None:
    code = "import sys, mailsvc.cli.main; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert [name for name in HEAVY if name in loaded] == []


@pytest.mark.parametrize(
    "words",
    [
        ("plan", "show"),
        ("explain", "hanako@closing.example"),
        ("accounts", "list"),
        ("accounts", "list", "--search", "no such person"),
        ("accounts", "show", "hanako@closing.example"),
        ("accounts", "export", "--domain", "closing.example"),
        ("clock", "show"),
        ("audit", "list"),
        ("settings", "check"),
    ],
)
def test_a_listing_is_one_array_alone_on_stdout(house: Path, words: tuple[str, ...]) -> None:
    with start(house, *words, "--json") as program:
        out, _ = program.communicate(timeout=180)
    assert program.returncode == 0
    assert isinstance(json.loads(out), list)
    assert out.startswith("[")
    assert out.endswith("]\n")


@pytest.mark.parametrize(
    "words", [("accounts", "list"), ("accounts", "export", "--csv"), ("accounts", "list", "--json")]
)
def test_a_reader_that_has_seen_enough_is_no_fault(house: Path, words: tuple[str, ...]) -> None:
    with start(house, *words) as program:
        assert program.stdout is not None
        program.stdout.readline()
        program.stdout.close()
        assert program.stderr is not None
        told = program.stderr.read()
    assert "Traceback" not in told
    assert "Exception" not in told


def test_addresses_in_any_script_are_printed_in_any_locale(tmp_path: Path) -> None:
    with opened(tmp_path) as world:
        world.take("address\n花子@closing.example\n")
    environ = {**os.environ, "LC_ALL": "C", "PYTHONIOENCODING": "", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    with start(tmp_path / "lastpost.yaml", "accounts", "list", environ=environ) as program:
        out, told = program.communicate(timeout=180)
    assert (program.returncode, told) == (0, "")
    assert out.startswith("花子@closing.example")


def test_the_user_who_acts_is_in_the_audit_log(house: Path) -> None:
    with start(house, "clock", "acknowledge", "--reason", "checked") as program:
        program.communicate(timeout=180)
    with start(house, "audit", "list", "--limit", "1", "--json") as program:
        (row,) = json.loads(program.communicate(timeout=180)[0])
    assert (row["act"], row["reason"]) == ("clock acknowledge", "checked")
    assert row["actor"] == actor()
