"""`lastpost` with a SIGKILL at the Nth step of a move: before or after it, or in its midst.

    python -m tests.faults.move_killed N[:SIGNAL] WORDS...

Steps are calls that change a file or folder, transactions of the journal, and octets that go to a server or come from
it. N = 0 kills nothing; then the last line on stdout says how many steps there were. SIGNAL stands for SIGKILL.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Any

from mailsvc.cli.main import run
from migrator.imap.wire import Wire
from migrator.journals.file import JournalFile

CALLS = ("fsync", "fdatasync", "ftruncate", "rename", "replace", "mkdir", "link", "unlink", "utime")


class Steps:
    """Counts steps; at one of them this process gets a signal, SIGKILL unless another is named."""

    def __init__(self, at: int, number: signal.Signals = signal.SIGKILL) -> None:
        self.at = at
        self.number = number
        self.taken = 0
        self._one = Lock()

    def step(self) -> None:
        with self._one:
            self.taken += 1
            if self.taken == self.at:
                os.kill(os.getpid(), self.number)

    def around(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def stepped(*words: Any, **names: Any) -> Any:
            self.step()
            result = call(*words, **names)
            self.step()
            return result

        return stepped

    def halved(self, write: Callable[[int, bytes], int]) -> Callable[[int, bytes], int]:
        def stepped(descriptor: int, octets: bytes) -> int:
            if descriptor <= 2 or len(octets) < 2:
                return write(descriptor, octets)
            written = write(descriptor, octets[: len(octets) // 2])
            self.step()
            return written

        return stepped

    def halved_at(self, write: Callable[[int, bytes, int], int]) -> Callable[[int, bytes, int], int]:
        def stepped(descriptor: int, octets: bytes, at: int) -> int:
            if len(octets) < 2:
                return write(descriptor, octets, at)
            written = write(descriptor, octets[: len(octets) // 2], at)
            self.step()
            return written

        return stepped

    def transaction(self, together: Callable[[JournalFile], Any]) -> Callable[[JournalFile], Any]:
        @contextmanager
        def stepped(journal: JournalFile) -> Iterator[None]:
            self.step()
            with together(journal):
                yield
                self.step()
            self.step()

        return stepped

    def poured(self, pour: Callable[[Wire, bytes], Any]) -> Callable[[Wire, bytes], Any]:
        async def stepped(wire: Wire, octets: bytes) -> None:
            self.step()
            await pour(wire, octets[: len(octets) // 2])
            self.step()
            await pour(wire, octets[len(octets) // 2 :])
            self.step()

        return stepped

    def heard(self, received: Callable[[Wire, bytes], None]) -> Callable[[Wire, bytes], None]:
        def stepped(wire: Wire, octets: bytes) -> None:
            self.step()
            received(wire, octets)

        return stepped


def patched(steps: Steps) -> list[tuple[Any, str, Callable[..., Any]]]:
    return [
        *((os, name, steps.around) for name in CALLS),
        (os, "write", steps.halved),
        (os, "pwrite", steps.halved_at),
        (JournalFile, "_together", steps.transaction),
        (Wire, "pour", steps.poured),
        (Wire, "data_received", steps.heard),
    ]


def check_killed(ran: "subprocess.CompletedProcess[str]", at: int) -> None:
    """It was killed at this step, or came to its end before: how many there are depends on what comes together."""
    ended = ran.returncode == 0 and int(ran.stdout.splitlines()[-1]) < at
    assert ran.returncode == -signal.SIGKILL or ended, ran.stderr


def main() -> None:
    at, _, number = sys.argv[1].partition(":")
    steps = Steps(int(at), signal.Signals[number or "SIGKILL"])
    for owner, name, stepped in patched(steps):
        setattr(owner, name, stepped(getattr(owner, name)))
    code = run(sys.argv[2:])
    print(steps.taken)
    sys.exit(code)


if __name__ == "__main__":
    main()
