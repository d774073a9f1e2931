"""The two databases every contract is held to: each test runs on SQLite and on PostgreSQL.

`url`: a database with tables, empty. `empty_url`: one without tables. `records`: open records on `url`;
`committing`: the same with the committer at work. They wait far longer than a test should take.
"""

import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from mailsvc.records.store import Records
from tests.real.postgresql import Postgresql
from tests.real.postgresql import postgresql as shared_postgresql
from tests.support.run_folder import RunFolder

PATIENT = 300.0  # seconds, for a lock or an answer of a database that has not failed
BOTH = [pytest.param("sqlite", id="sqlite"), pytest.param("pg", id="pg", marks=pytest.mark.real("postgresql"))]


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("template") / "records.db"
    Records.open(f"sqlite:///{path}", create=True).close()
    return path


@pytest.fixture(scope="session")
def server(run_folder: RunFolder) -> Postgresql:
    return shared_postgresql(run_folder)


@pytest.fixture(params=BOTH)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    with database(request, tmp_path) as made:
        yield made


@contextmanager
def database(request: pytest.FixtureRequest, folder: Path) -> Iterator[str]:
    """A database of the kind that a parameter of the test names, with tables."""
    if request.param == "sqlite":
        path = folder / "records.db"
        shutil.copy(request.getfixturevalue("sqlite_template"), path)
        yield f"sqlite:///{path}"
        return
    with _database(request.getfixturevalue("server")) as made:
        yield made


@pytest.fixture(params=BOTH)
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'records.db'}"
        return
    with _database(request.getfixturevalue("server"), "template0") as made:
        yield made


@contextmanager
def _database(server: Postgresql, template: str | None = None) -> Iterator[str]:
    name = server.new_database() if template is None else server.new_database(template)
    yield server.url(name)
    server.drop(name)


@pytest.fixture
def records(url: str) -> Iterator[Records]:
    with Records.open(url, busy=PATIENT, deadline=PATIENT) as opened:
        yield opened


@pytest.fixture
async def committing(records: Records) -> AsyncIterator[Records]:
    async with records.committer.running():
        yield records
