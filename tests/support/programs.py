"""Child programs that are always stopped, and whose output is shown when a test fails.

`with Program(["smtp-sink", ...], log=tmp_path / "sink.log") as sink: ...`. The child gets a process group of its own;
leaving the block ends that group (SIGTERM, then SIGKILL). An error inside the block gets the log's end as a note.
"""

import os
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from signal import Signals
from types import TracebackType
from typing import Self

from tests.support.deadline import PATIENCE, wait_until

NOTE_BYTES = 4000


def has_ended(pid: int) -> bool:
    """Whether a process has ended, also where its parent has not taken notice yet."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True


class Program:
    """A running child, its process group and its log file."""

    def __init__(
        self,
        command: Sequence[str],
        log: Path,
        *,
        environ: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        grace: float = 30.0,
    ) -> None:
        self.command = list(command)
        self.log = log
        self._environ = {**os.environ, **(environ or {})}
        self._cwd = cwd
        self._grace = grace
        self._child: subprocess.Popen[bytes] | None = None

    def start(self) -> Self:
        with self.log.open("ab") as log:
            self._child = subprocess.Popen(
                self.command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=self._environ,
                cwd=self._cwd,
                start_new_session=True,
            )
        return self

    @property
    def child(self) -> subprocess.Popen[bytes]:
        if self._child is None:
            raise RuntimeError(f"{self.command[0]} was not started")
        return self._child

    @property
    def pid(self) -> int:
        return self.child.pid

    @property
    def running(self) -> bool:
        return self._child is not None and self._child.poll() is None

    def output(self) -> str:
        """What the program has written so far."""
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def ready(self, condition: object, what: str, within: float = PATIENCE) -> None:
        """Wait until `condition()` is true; a program that ends meanwhile is an error with its output."""
        assert callable(condition)

        def alive_and_ready() -> bool:
            running = self.running
            if condition():
                return True
            if not running:
                raise AssertionError(f"{self.command[0]} ended with {self.child.returncode}\n{self.tail()}")
            return False

        wait_until(alive_and_ready, what, within)

    def send(self, number: Signals) -> None:
        """Send a signal to the child alone (not to its group)."""
        self.child.send_signal(number)

    def wait(self, within: float = PATIENCE) -> int:
        """Answer the exit code; a program that is killed answers minus the signal's number."""
        try:
            return self.child.wait(within)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"{self.command[0]} still runs after {within:g} s\n{self.tail()}") from None

    def stop(self) -> int:
        """End the whole process group, kindly first; answer the child's exit code."""
        if self._child is None:
            return 0
        if self.running:
            self._to_group(Signals.SIGTERM)
            with suppress(subprocess.TimeoutExpired):
                self._child.wait(self._grace)
        return self.kill()

    def kill(self) -> int:
        """End the whole process group at once; answer the child's exit code."""
        self._to_group(Signals.SIGKILL)
        return self.wait()

    def tail(self) -> str:
        return f"--- the end of {self.log}\n{self.output()[-NOTE_BYTES:]}"

    def _to_group(self, number: Signals) -> None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, number)

    def __enter__(self) -> Self:
        return self if self._child is not None else self.start()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self.stop()
        if error is not None:
            error.add_note(self.tail())
