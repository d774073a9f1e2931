"""A stretch of an open file as a file of its own, whoever else reads there. Raises OSError as it comes."""

import io
import os

_BUFFER = 1_048_576  # octets


class _Window(io.RawIOBase):
    def __init__(self, file: int, at: int, size: int) -> None:
        super().__init__()
        self._file = file
        self._start = at
        self._size = size
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        self._at = max(0, offset + (0, self._at, self._size)[whence])
        return self._at

    def tell(self) -> int:
        return self._at

    def readinto(self, into: "memoryview | bytearray") -> int:  # type: ignore[override] # nothing else is read into
        wanted = min(len(into), max(0, self._size - self._at))
        octets = os.pread(self._file, wanted, self._start + self._at)
        into[: len(octets)] = octets
        self._at += len(octets)
        return len(octets)


def window(file: int, at: int, size: int) -> io.BufferedReader:
    """Read `size` octets of `file` from `at` on; closing it leaves the file open."""
    return io.BufferedReader(_Window(file, at, size), _BUFFER)
