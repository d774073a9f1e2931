"""Debian's smtp-source and smtp-sink (package postfix) as load generator and as a next hop that takes everything.

`with SmtpSink(folder) as sink:` listens on `sink.port` and dumps each message into a file of its own, read by
`sink.messages()`. `smtp_source(port, messages=100, sessions=20, size=10_240)` sends and answers the seconds it took;
it raises where the program reports any failure. Tests are marked `real("postfix")`.
"""

import subprocess
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.support.ports import free_port, listens
from tests.support.programs import Program


class SmtpSink:
    """A running smtp-sink; `dump=False` discards what it takes."""

    def __init__(self, folder: Path, *, dump: bool = True) -> None:
        self.port = free_port()
        self.folder = folder / "sink"
        self.folder.mkdir()
        dumping = ["-d", f"{self.folder}/%M."] if dump else []
        command = ["smtp-sink", "-u", "root", *dumping, f"inet:127.0.0.1:{self.port}", "100"]
        self._program = Program(command, folder / "smtp-sink.log")

    def messages(self) -> list[bytes]:
        """The dumped messages; each begins with the envelope as X-Mail-Args and X-Rcpt-Args lines."""
        return [path.read_bytes() for path in sorted(self.folder.iterdir())]

    def __enter__(self) -> Self:
        self._program.start().ready(lambda: listens(self.port), "smtp-sink listens")
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self._program.stop()


def smtp_source(
    port: int,
    *,
    messages: int = 1,
    sessions: int = 1,
    size: int = 1000,
    sender: str = "source@world.example",
    recipient: str = "sink@closing.example",
    within: float = 600.0,
) -> float:
    """Send so many messages of this size (octets) over so many sessions at once; answer the seconds it took."""
    command = ["smtp-source", "-s", str(sessions), "-m", str(messages), "-l", str(size)]
    command += ["-f", sender, "-t", recipient, f"inet:127.0.0.1:{port}"]
    before = time.monotonic()
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=within)
    if done.returncode or done.stderr:
        raise AssertionError(f"smtp-source: {done.stderr.strip() or done.returncode}")
    return time.monotonic() - before
