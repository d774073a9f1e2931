"""Private clamd instances: a unix socket and a loopback port of their own, and a signature of EICAR alone.

`clamd(run_folder)` answers the run's shared instance; a test that stops, hangs or kills one starts its own:
`with Clamd(folder) as clamd: ...`. Nothing is downloaded: the signature is a hash and a body pattern in two files.
`add_signature` and `reload()` change the database under load. Needs root; tests are marked `real("clamd")`.
"""

import hashlib
import socket
import subprocess
import sys
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from signal import Signals
from types import TracebackType
from typing import Self

from tests.peers.clamd import EICAR
from tests.support.deadline import wait_until
from tests.support.ports import free_port
from tests.support.programs import Program
from tests.support.run_folder import RunFolder, Started

THREAT = "Eicar-Test-Signature.UNOFFICIAL"
SETTINGS: Mapping[str, str] = {
    "User": "root",
    "TCPAddr": "127.0.0.1",
    "LocalSocketMode": "666",
    "FixStaleSocket": "yes",
    "LogTime": "yes",
    "AlertExceedsMax": "yes",
    "AlertEncrypted": "yes",
    "StreamMaxLength": "26M",
    "SelfCheck": "0",
}
# By its socket: the number of a process may be another's when a later run clears away.
STOP = "import socket, sys; s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1]); s.sendall(b'zSHUTDOWN\\0')"


class Clamd:
    """One instance in a folder with a short path; `settings` on top of SETTINGS, None leaves one out."""

    def __init__(self, folder: Path, settings: Mapping[str, str | None] | None = None) -> None:
        self.folder = folder
        self.port = free_port()
        self.socket = folder / "clamd.sock"
        self._settings = {**SETTINGS, **(settings or {})}
        self.program = Program(["clamd", f"--config-file={folder / 'clamd.conf'}"], folder / "clamd.log")

    def start(self) -> Self:
        """Start it, with whatever is in its database, and wait until it answers."""
        self.configure(foreground=True)
        self.program.start()
        self.program.ready(self.answers, "clamd answers")
        return self

    def configure(self, *, foreground: bool) -> None:
        """Write its settings and its database."""
        database = self.folder / "database"
        database.mkdir(exist_ok=True)
        self.add_signature("Eicar-Test-Signature", EICAR)
        places = {"DatabaseDirectory": database, "LocalSocket": self.socket, "TCPSocket": self.port}
        ways = {"Foreground": "yes" if foreground else "no", "PidFile": self.folder / "pid"}
        settings = {**self._settings, **places, **ways}
        lines = [f"{key} {value}" for key, value in settings.items() if value is not None]
        (self.folder / "clamd.conf").write_text("\n".join(lines) + "\n")

    def add_signature(self, name: str, octets: bytes) -> None:
        """Put a threat into the database: the hash of a whole file, and its octets at the start of any file."""
        database = self.folder / "database"
        digest = hashlib.sha256(octets).hexdigest()
        with (database / "private.hsb").open("a") as hashes:
            hashes.write(f"{digest}:{len(octets)}:{name}:73\n")
        with (database / "private.ndb").open("a") as bodies:
            bodies.write(f"{name}:0:0:{octets.hex()}\n")

    def ask(self, command: bytes) -> bytes:
        """Say one word, hear one answer."""
        with closing(socket.socket(socket.AF_UNIX)) as talk:
            talk.settimeout(60)
            talk.connect(str(self.socket))
            talk.sendall(b"z" + command + b"\0")
            return talk.recv(4096).rstrip(b"\0")

    def answers(self) -> bool:
        try:
            return self.ask(b"PING") == b"PONG"
        except OSError:
            return False

    def reload(self) -> None:
        """Have it read its database again; it answers at once and loads meanwhile."""
        assert self.ask(b"RELOAD") == b"RELOADING"

    def hang(self) -> None:
        self.program.send(Signals.SIGSTOP)

    def go_on(self) -> None:
        self.program.send(Signals.SIGCONT)

    def kill(self) -> None:
        self.program.kill()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        if self.program.running:
            self.go_on()
        self.program.__exit__(kind, error, _)


def clamd(run_folder: RunFolder) -> tuple[Path, int]:
    """The socket and port of the instance that all tests of the run share; the first asker starts it."""
    facts = run_folder.server("clamd", _start_shared)
    return Path(facts["socket"]), int(facts["port"])


def _start_shared(folder: Path) -> Started:
    server = Clamd(folder)
    server.configure(foreground=False)
    subprocess.run(server.program.command, check=True, capture_output=True, timeout=180)
    wait_until(server.answers, "clamd answers")
    facts = {"socket": str(server.socket), "port": str(server.port)}
    return Started(facts, [[sys.executable, "-c", STOP, str(server.socket)]])
