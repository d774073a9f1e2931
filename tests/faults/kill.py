"""Kills and I/O errors at the Nth durable system call of a program, by strace.

Two ways: `Traced(command, log).under(fault)` starts a program under strace from its first instruction;
`Attached(pid, log, fault)` takes hold of one that runs already, and its counting begins there. A fault is
`Point("fsync", 3).kill()` (SIGKILL as the call is entered, before the kernel acts on it), `io_error("EIO", 2)` (the
call fails and is not carried out; `onward=True`: every later one too) or None (only watch). `points(trace)` are the
kill points of a watched run.

strace counts each kind of call in each thread by itself: `Point("fsync", 3)` is the first thread that comes to its
third fsync. Needs strace and the right to trace: mark tests `real("strace")`.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from signal import Signals
from types import TracebackType
from typing import Self, TypeVar

from tests.support.deadline import wait_until
from tests.support.programs import Program

SYNC = ("fsync", "fdatasync")
DURABLE = (
    *SYNC,
    "rename",
    "renameat",
    "renameat2",
    "link",
    "linkat",
    "unlink",
    "unlinkat",
    "pwrite64",
    "ftruncate",
)
REPLY = ("sendto",)  # what goes to a client: a kill here is a kill between the commit and the 250
LETTING_GO = 2.0
T = TypeVar("T")


@dataclass(frozen=True, order=True)
class Point:
    """The `number`th call of this kind in one thread, counted from 1."""

    call: str
    number: int

    def kill(self) -> str:
        return f"inject={self.call}:signal=SIGKILL:error=EINTR:when={self.number}"

    def __str__(self) -> str:
        return f"{self.call}-{self.number}"


def io_error(error: str, number: int, *, calls: Sequence[str] = SYNC, onward: bool = False) -> str:
    """The fault that lets the `number`th of these calls fail with `error`, such as EIO or ENOSPC."""
    return f"inject={','.join(calls)}:error={error}:when={number}{'+' if onward else ''}"


def points(trace: str) -> list[Point]:
    """Every kill point a watched run went through, in the order they were first reached."""
    counted: Counter[tuple[str, str]] = Counter()
    found: dict[Point, None] = {}
    for thread, call in re.findall(r"^(\d+) +(\w+)\(", trace, re.MULTILINE):
        counted[thread, call] += 1
        found.setdefault(Point(call, counted[thread, call]))
    return list(found)


def sample(whole: Sequence[T], wanted: int) -> list[T]:
    """A few, spread from the first to the last."""
    if len(whole) <= wanted:
        return list(whole)
    return [whole[round(step * (len(whole) - 1) / (wanted - 1))] for step in range(wanted)]


def _strace(log: Path, fault: str | None, calls: Iterable[str]) -> list[str]:
    watch = ",".join(f"?{call}" for call in calls)
    command = ["strace", "-f", "-o", str(log.with_suffix(".trace")), "-e", f"trace={watch}", "-e", "signal=none"]
    return [*command, *(["-e", fault] if fault else [])]


@dataclass(frozen=True)
class Traced:
    """A command to be started under strace."""

    command: Sequence[str]
    log: Path
    calls: Sequence[str] = DURABLE
    environ: Mapping[str, str] | None = None

    def under(self, fault: str | None) -> Program:
        """The program, not yet started; a kill ends strace by the same signal."""
        self.log.with_suffix(".trace").unlink(missing_ok=True)
        command = [*_strace(self.log, fault, self.calls), "-qq", "--", *self.command]
        return Program(command, self.log, environ=self.environ)

    def points(self, within: float = 120.0) -> list[Point]:
        """Run to the end unharmed and answer the kill points."""
        with self.under(None) as program:
            program.wait(within)
        return points(self.log.with_suffix(".trace").read_text(errors="replace"))


class Attached:
    """strace on a running process and all its threads, from the block's begin to its end."""

    def __init__(self, pid: int, log: Path, fault: str | None, *, calls: Sequence[str] = DURABLE) -> None:
        self._pid = pid
        self._trace = log.with_suffix(".trace")
        self._strace = Program([*_strace(log, fault, calls), "-p", str(pid)], log)

    def points(self) -> list[Point]:
        """The kill points reached so far."""
        return points(self._trace.read_text(errors="replace"))

    @property
    def killed(self) -> bool:
        """Whether the traced process is dead, though nobody may have been told yet."""
        return _state(self._pid) in {"Z", "X"}

    def wait(self, within: float = 120.0) -> None:
        """Wait until the traced process is dead."""
        wait_until(lambda: self.killed, f"the end of process {self._pid}", within)

    def __enter__(self) -> Self:
        self._strace.start().ready(lambda: "attached" in self._strace.output(), "strace is attached")
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        # strace lets go by SIGINT. Where its program was just killed it may wait for a dead thread for ever, and the
        # program cannot be reaped before: then it is ended itself.
        if self._strace.running:
            self._strace.send(Signals.SIGINT)
            with suppress(AssertionError):
                self._strace.wait(within=LETTING_GO)
        self._strace.kill()


def _state(pid: int) -> str:
    """The letter the kernel gives a process: Z for dead and not yet reaped, X for gone."""
    status = Path(f"/proc/{pid}/stat")
    return status.read_text().rpartition(")")[2].split()[0] if status.exists() else "X"
