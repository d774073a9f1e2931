"""Clocks: what time it is.

Every room takes a Clock as an argument. `SystemClock` follows the machine, moved by the offset in a clock file;
`MovableClock` is moved by hand.
SystemClock raises BadFile at the start for a clock file that cannot be read; one that turns bad while running leaves
the last good offset in force and is told by `problem`.
"""

import ctypes
import os
import re
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol

from schedules.durations import parse_duration
from schedules.positions import BadFile, Position, Problem, Wrong

_SECONDS = re.compile(r"[0-9]{1,10}(?:\.[0-9]{1,6})?", re.ASCII)
_REMEDY = "write one offset, such as 86400, -3600.5, +3d or 1d 2h 30m, or nothing for none"
_CLOCK_FILE_LIMIT = 1000


class Clock(Protocol):
    """What time it is, and how time passes."""

    def now(self) -> datetime:
        """The time to go by, aware."""
        ...

    def monotonic(self) -> float:
        """Seconds since some instant, never set back or forward."""
        ...


def parse_offset(text: str) -> timedelta:
    """The offset in a clock file: signed seconds or a signed length of time; nothing is none. Raises Wrong."""
    stripped = text.strip()
    if not stripped:
        return timedelta()
    sign = -1 if stripped.startswith("-") else 1
    unsigned = stripped[1:] if stripped[0] in "+-" else stripped
    try:
        seconds = _SECONDS.fullmatch(unsigned)
        length = timedelta(seconds=float(unsigned)) if seconds else parse_duration(unsigned)
    except Wrong:
        raise Wrong(f"{stripped[:60]!r} is not an offset", _REMEDY) from None
    if length > timedelta(days=36_525):
        raise Wrong(f"{stripped[:60]!r} is more than a hundred years", _REMEDY)
    return sign * length


class SystemClock:
    """The machine's clocks, moved by the offset in a clock file, which is read again whenever the file changes."""

    def __init__(self, offset_file: Path | None = None) -> None:
        self._file = offset_file
        self._seen: tuple[int, int, int] | None = None
        self._offset = timedelta()
        self.problem: BadFile | None = None
        self._look()
        if self.problem is not None:
            raise self.problem

    def now(self) -> datetime:
        """The machine's time moved by the offset, in UTC."""
        return self.wall() + self.offset

    def wall(self) -> datetime:
        """The machine's own time, in UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Seconds of the machine's monotonic clock."""
        return time.monotonic()

    @property
    def offset(self) -> timedelta:
        """The offset in force."""
        self._look()
        return self._offset

    def _look(self) -> None:
        if self._file is None:
            return
        try:
            found = os.stat(self._file)  # noqa: PTH116 - asked at every look at the clock: half the time of Path.stat
            seen = (found.st_mtime_ns, found.st_size, found.st_ino)
            if seen == self._seen:
                return
            self._seen = seen
            self._offset = self._read(self._file)
            self.problem = None
        except FileNotFoundError:
            self._seen, self._offset, self.problem = None, timedelta(), None
        except OSError as error:
            self._seen = None  # it may be a passing shortage: look again
            self.problem = BadFile([Problem(Position(str(self._file)), f"cannot be read: {error.strerror}", _REMEDY)])
        except BadFile as error:
            self.problem = error

    @staticmethod
    def _read(file: Path) -> timedelta:
        try:
            return parse_offset(_start_of(file).decode("utf-8"))
        except UnicodeDecodeError:
            raise BadFile([Problem(Position(str(file), 1, 1), "this is not text", _REMEDY)]) from None
        except Wrong as wrong:
            raise BadFile([Problem(Position(str(file), 1, 1), wrong.what, wrong.remedy)]) from None


def _start_of(file: Path) -> bytes:
    """The first octets of `file`; whatever was put in its place is neither waited for nor read to its end."""
    descriptor = os.open(file, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        return os.read(descriptor, _CLOCK_FILE_LIMIT)
    except BlockingIOError:  # a pipe that somebody holds open and says nothing into
        return b""
    finally:
        os.close(descriptor)


class MovableClock:
    """A clock that stands still until it is moved, for tests and rehearsals."""

    def __init__(self, now: datetime, monotonic: float = 1000.0) -> None:
        self._monotonic = monotonic
        self._now = now
        self.set(now)

    def now(self) -> datetime:
        """The time it was moved to."""
        return self._now

    def wall(self) -> datetime:
        """The same: it has no offset."""
        return self._now

    def monotonic(self) -> float:
        """Seconds, moved by `advance` alone."""
        return self._monotonic

    def advance(self, by: timedelta) -> None:
        """Let time pass: both clocks move. Raises ValueError for a negative length."""
        if by < timedelta():
            raise ValueError("time does not run backwards: use set")
        self._now += by
        self._monotonic += by.total_seconds()

    def set(self, now: datetime) -> None:
        """Set the wall clock, as a jump does: the monotonic clock stays. Raises ValueError without a zone."""
        if now.tzinfo is None:
            raise ValueError("now must name its zone")
        self._now = now.astimezone(UTC)


def kernel_synchronised() -> bool:
    """Whether the kernel says that its clock is synchronised (adjtimex(2)); False where it cannot be asked."""
    try:
        asked = ctypes.create_string_buffer(512)  # struct timex, modes 0: look, change nothing; 208 octets on Linux
        state = int(ctypes.CDLL(None, use_errno=True).adjtimex(asked))
    except (OSError, AttributeError):
        return False
    return state not in {-1, 5}  # 5 is TIME_ERROR: not synchronised
