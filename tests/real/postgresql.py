"""A private PostgreSQL: a unix socket and a loopback port of its own, fsync off, run as the user postgres.

`postgresql(run_folder)` answers the run's shared instance; `new_database()` makes an empty-but-migrated database from
a template in some tens of milliseconds, `drop(name)` removes it. Passwords are asked over TCP (`tcp_url`, PASSWORD),
not on the socket (`url`). A test that stops the server starts one for itself: `start(folder)`, `stop()`, `go_on()`.
Needs root; tests are marked `real("postgresql")`.
"""

import os
import pwd
import subprocess
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from urllib.parse import quote

import psycopg

from mailsvc.records.store import Records
from tests.support.ports import free_port
from tests.support.run_folder import RunFolder, Started

PASSWORD = "correct horse battery staple"
TEMPLATE = "records_template"
USER = "lastpost"

CONFIG = """\
listen_addresses = '127.0.0.1'
port = {port}
unix_socket_directories = '{folder}'
fsync = off
full_page_writes = off
max_connections = 200
shared_buffers = 32MB
autovacuum = off
"""
ACCESS = """\
local all all trust
host all all 127.0.0.1/32 scram-sha-256
"""
_numbers = count(1)


@dataclass(frozen=True)
class Postgresql:
    """The running instance: its folder (with data/, log and socket) and port."""

    folder: Path
    port: int

    def url(self, database: str) -> str:
        """The database over the unix socket, without a password."""
        return f"postgresql://{USER}@/{database}?host={quote(str(self.folder))}&port={self.port}"

    def tcp_url(self, database: str) -> str:
        """The database over TCP; it asks for PASSWORD."""
        return f"postgresql://{USER}@127.0.0.1:{self.port}/{database}"

    def run(self, statement: str, database: str = "postgres") -> list[tuple[object, ...]]:
        """Run one statement as the owner of everything."""
        with psycopg.connect(self._dsn(database), autocommit=True) as connection:
            cursor = connection.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []

    def new_database(self, template: str = TEMPLATE) -> str:
        """Make a database; its tables are there unless `template` is "template0"."""
        name = f"t{os.getpid()}_{next(_numbers)}"
        self.run(f"CREATE DATABASE {name} TEMPLATE {template}")
        return name

    def drop(self, database: str) -> None:
        """Remove a database with everybody still connected to it."""
        self.run(f"DROP DATABASE IF EXISTS {database} WITH (FORCE)")

    def disconnect(self, database: str) -> None:
        """End every connection to a database, as a failing network would."""
        self.run(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{database}'")

    def stop(self) -> None:
        """Stop the server, ending its connections."""
        _as_postgres(*self.stop_command()[len(_DROP) :])

    def go_on(self) -> None:
        """Start it again on the same folder and port."""
        _as_postgres(_program("pg_ctl"), "-D", f"{self.folder}/data", "-l", f"{self.folder}/log", "-w", "start")

    def stop_command(self) -> list[str]:
        """What stops the server, as root."""
        return [*_DROP, _program("pg_ctl"), "-D", f"{self.folder}/data", "-m", "immediate", "-w", "stop"]

    def _dsn(self, database: str) -> str:
        return f"host={self.folder} port={self.port} user={USER} dbname={database}"


_DROP = ("setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups", "--")


def postgresql(run_folder: RunFolder) -> Postgresql:
    """The instance all tests of the run share; the first asker starts it."""
    facts = run_folder.server("postgresql", _start_shared)
    return Postgresql(Path(facts["folder"]), int(facts["port"]))


def start(folder: Path) -> Postgresql:
    """Start an instance in an empty folder that the user postgres may enter; its template has the tables."""
    owner = pwd.getpwnam("postgres")
    os.chown(folder, owner.pw_uid, owner.pw_gid)
    server = Postgresql(folder, free_port())
    initdb = (_program("initdb"), "-D", f"{folder}/data", "-U", USER, "-E", "UTF8", "--locale=C", "-A", "trust", "-N")
    _as_postgres(*initdb)
    (folder / "data" / "postgresql.conf").write_text(CONFIG.format(folder=folder, port=server.port))
    (folder / "data" / "pg_hba.conf").write_text(ACCESS)
    server.go_on()
    server.run(f"ALTER ROLE {USER} PASSWORD '{PASSWORD}'")
    server.run(f"CREATE DATABASE {TEMPLATE} TEMPLATE template0")
    Records.open(server.url(TEMPLATE), create=True).close()
    return server


def _start_shared(folder: Path) -> Started:
    server = start(folder)
    return Started({"folder": str(folder), "port": str(server.port)}, [server.stop_command()])


def _program(name: str) -> str:
    return str(max(Path("/usr/lib/postgresql").glob(f"*/bin/{name}")))


def _as_postgres(*command: str) -> None:
    """Run a command as the user postgres; an error tells what it wrote."""
    done = subprocess.run(
        [*_DROP, *command],
        check=False,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        cwd="/",
        timeout=180,
    )
    if done.returncode:
        raise AssertionError(f"{Path(command[0]).name} failed: {done.stderr.decode(errors='replace')}")
