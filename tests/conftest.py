"""What every test of this project may use, and how tests that need real servers are skipped aloud.

`run_folder`: private servers shared by the run (see tests/support/run_folder.py). `short_tmp`: a temporary folder
with a short path, for Unix sockets. `clock`: stands still at noon of 1 January 2024 in Tokyo until it is moved.
`records`: empty SQLite records of the test's own. Markers: `real("postfix", …)` and `long`.
"""

import os
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, settings

from mailsvc.records.store import Records
from schedules.clock import MovableClock
from tests.support.available import why_missing
from tests.support.run_folder import RunFolder

RUN_FOLDER = "LASTPOST_TEST_RUN"
MISSING = "missing on this machine: "

settings.register_profile(
    "ci", derandomize=True, max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("long", max_examples=2000, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--long", action="store_true", help="every kill point, cut and fuzz target")


def pytest_configure(config: pytest.Config) -> None:
    settings.load_profile("long" if config.getoption("--long") else "ci")
    if not hasattr(config, "workerinput"):
        os.environ[RUN_FOLDER] = str(RunFolder.make().root)


def pytest_unconfigure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput") and RUN_FOLDER in os.environ:
        RunFolder(Path(os.environ.pop(RUN_FOLDER))).close()


def pytest_runtest_setup(item: pytest.Item) -> None:
    if item.get_closest_marker("long") and not item.config.getoption("--long"):
        pytest.skip("runs with ./test --long")
    for marker in item.iter_markers("real"):
        for server in marker.args:
            why = why_missing(server)
            if why is not None:
                pytest.skip(f"{MISSING}{server} ({why})")


def _missing(reporter: pytest.TerminalReporter) -> Counter[str]:
    counted: Counter[str] = Counter()
    for report in reporter.stats.get("skipped", ()):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        _, found, server = reason.partition(MISSING)
        if found:
            counted[server.partition(" ")[0]] += 1
    return counted


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    counted = _missing(terminalreporter)
    names = ", ".join(f"{server}: {number}" for server, number in sorted(counted.items()))
    line = f"real-server tests skipped: {counted.total()}" + (f" ({names})" if names else "")
    terminalreporter.write_line(line, bold=True, yellow=bool(names))


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    required = os.environ.get("REAL_REQUIRED") == "1" and not hasattr(session.config, "workerinput")
    if required and exitstatus == 0 and isinstance(reporter, pytest.TerminalReporter) and _missing(reporter):
        reporter.write_line("REAL_REQUIRED=1: a skipped real-server test fails the run", bold=True, red=True)
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.fixture(scope="session")
def run_folder() -> RunFolder:
    """The run's shared private servers."""
    return RunFolder(Path(os.environ[RUN_FOLDER]))


@pytest.fixture
def short_tmp() -> Iterator[Path]:
    """A temporary folder whose path is short enough for Unix sockets and which other users may enter."""
    folder = Path(tempfile.mkdtemp(prefix="lp."))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def clock() -> MovableClock:
    """A clock that stands still until the test moves it."""
    return MovableClock(datetime(2024, 1, 1, 12, tzinfo=ZoneInfo("Asia/Tokyo")))


@pytest.fixture
def records(tmp_path: Path) -> Iterator[Records]:
    """Empty records in SQLite."""
    opened = Records.open(f"sqlite:///{tmp_path / 'records.db'}", create=True)
    yield opened
    opened.close()
