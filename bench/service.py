"""A whole service as a child process, for measuring from outside: settings, records, accounts, then `lastpost serve`.

`with service(folder, accounts=1000, deliver="smtp://127.0.0.1:9") as lastpost:` listens on `lastpost.port`.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.request import urlopen

from tests.support.ports import free_port, listens
from tests.support.programs import Program

DOMAIN = "closing.example"

SETTINGS = """\
service: {{purpose: test, hostname: mx.closing.example, administrators: [admin@surviving.example]}}
records: {{url: sqlite:///records.db}}
domains:
  closing.example: {{deliver: "{deliver}"}}
outbound: {{deliver: "{deliver}"}}
gateway:
  listeners: [{{listen: 127.0.0.1:{port}}}]
  sessions_per_client: 200
  connections_per_client_second: 5000
http: {{listen: 127.0.0.1:{http}}}
log: {{level: warning, form: json}}
{more}"""


@dataclass
class Service:
    folder: Path
    port: int
    http: int
    program: Program

    @property
    def pid(self) -> int:
        return self.program.pid

    def metrics(self) -> str:
        with urlopen(f"http://127.0.0.1:{self.http}/metrics", timeout=10) as answer:
            return str(answer.read().decode())

    def resident(self) -> int:
        """Resident memory in octets."""
        return _kilobytes(self.pid, "VmRSS:")

    def peak(self) -> int:
        """The highest resident memory since `forget_peak`."""
        return _kilobytes(self.pid, "VmHWM:")

    def forget_peak(self) -> None:
        Path(f"/proc/{self.pid}/clear_refs").write_text("5", encoding="ascii")


def _kilobytes(pid: int, name: str) -> int:
    status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith(name)) * 1024


def lastpost(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "mailsvc.cli", "--settings", str(folder / "lastpost.yaml"), *words]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"lastpost {' '.join(words)}: {done.stderr}")
    return done


def prepare(folder: Path, *, accounts: int, deliver: str, more: str = "") -> tuple[int, int]:
    """Write settings, make records, import accounts `user1@…` to `userN@…`; answer the ports."""
    port, http = free_port(), free_port()
    settings = SETTINGS.format(deliver=deliver, port=port, http=http, more=more)
    (folder / "lastpost.yaml").write_text(settings, encoding="utf-8")
    lastpost(folder, "init")
    rows = folder / "accounts.csv"
    with rows.open("w", encoding="utf-8") as out:
        out.write("address,contract,holder\n")
        out.writelines(f"user{n}@{DOMAIN},C{n},H{n}\n" for n in range(1, accounts + 1))
    lastpost(folder, "accounts", "import", str(rows))
    return port, http


@contextmanager
def service(folder: Path, *, accounts: int = 100, deliver: str, more: str = "") -> Iterator[Service]:
    """`more` are further sections of the settings, as YAML."""
    port, http = prepare(folder, accounts=accounts, deliver=deliver, more=more)
    with running(folder, port, http) as it:
        yield it


@contextmanager
def running(folder: Path, port: int, http: int) -> Iterator[Service]:
    command = [sys.executable, "-m", "mailsvc.cli", "--settings", str(folder / "lastpost.yaml"), "serve"]
    with Program(command, folder / "serve.log", environ={"PYTHONUNBUFFERED": "1", **os.environ}) as program:
        program.ready(lambda: listens(port) and listens(http), "the gateway listens", within=60)
        yield Service(folder, port, http, program)
