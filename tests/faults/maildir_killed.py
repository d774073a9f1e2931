"""`lastpost` with a SIGKILL at its Nth step that changes a file or folder, before or after it, or in its midst.

    python -m tests.faults.maildir_killed N WORDS...

N = 0 kills nothing; then the last line on stdout says how many steps there were.
"""

import os
import signal
import sys
from collections.abc import Callable
from threading import Lock
from typing import Any

from mailsvc.cli.main import run

CALLS = ("fsync", "fdatasync", "ftruncate", "rename", "replace", "mkdir", "link", "unlink", "utime")


class Steps:
    def __init__(self, at: int) -> None:
        self.at = at
        self.taken = 0
        self._one = Lock()

    def step(self) -> None:
        with self._one:
            self.taken += 1
            if self.taken == self.at:
                os.kill(os.getpid(), signal.SIGKILL)

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


def main() -> None:
    steps = Steps(int(sys.argv[1]))
    for name in CALLS:
        setattr(os, name, steps.around(getattr(os, name)))
    os.write = steps.halved(os.write)  # type: ignore[assignment] # what is patched is what is tested
    os.pwrite = steps.halved_at(os.pwrite)  # type: ignore[assignment] # and here
    code = run(sys.argv[2:])
    print(steps.taken)
    sys.exit(code)


if __name__ == "__main__":
    main()
