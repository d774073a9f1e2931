"""An installation on disk, and the command line run inside the test's process."""

import json
from dataclasses import dataclass
from pathlib import Path

import pytest

from mailsvc.cli.main import run
from tests.rules.desk.world import EXAMPLE_CSV, PLAN, SETTINGS


@dataclass(frozen=True)
class Ran:
    """How one run of `lastpost` ended."""

    code: int
    out: str
    err: str

    def array(self) -> list[dict[str, object]]:
        """The one JSON array on stdout."""
        told = json.loads(self.out)
        assert isinstance(told, list)
        return told


@dataclass(frozen=True)
class Line:
    """The command line of one installation."""

    folder: Path
    capsys: pytest.CaptureFixture[str]

    def __call__(self, *words: str) -> Ran:
        self.capsys.readouterr()
        code = run(words)
        caught = self.capsys.readouterr()
        assert "Traceback" not in caught.err
        return Ran(code, caught.out, caught.err)


@pytest.fixture
def lastpost(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Line:
    """`lastpost` in an empty folder without settings."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("LASTPOST_SETTINGS", raising=False)
    return Line(tmp_path, capsys)


@pytest.fixture
def made(lastpost: Line) -> Line:
    """The same, with settings and records."""
    (lastpost.folder / "lastpost.yaml").write_text(SETTINGS, encoding="utf-8")
    (lastpost.folder / "closing.yaml").write_text(PLAN, encoding="utf-8")
    assert lastpost("init").code == 0
    return lastpost


@pytest.fixture
def closing(made: Line) -> Line:
    """The same, with accounts and a plan in force."""
    rejects = str(made.folder / "rejects.csv")
    assert made("accounts", "import", str(EXAMPLE_CSV), "--rejects", rejects).code == 0
    assert made("plan", "apply", "closing.yaml", "--reason", "decided").code == 0
    return made
