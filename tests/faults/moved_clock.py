"""A machine whose wall clock is set while its programs run: a preloaded shim adds what a file says.

    wall = MovedClock(tmp_path)
    Program(command, log, environ=wall.environ)
    wall.set(timedelta(days=300))     # from now on every program of this machine sees it, at once
    wall.set(timedelta())             # somebody has set it right

The monotonic clock stays, as it does on a real machine. Needs a C compiler: mark tests `real("gcc")`.
"""

import subprocess
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

SOURCE = Path(__file__).with_name("moved_clock.c")


class MovedClock:
    """The wall clock of every program that is started with `environ`."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "wall"
        self._shim = folder / "moved_clock.so"
        self.set(timedelta())
        command = ["gcc", "-O2", "-Wall", "-Werror", "-shared", "-fPIC", "-o", str(self._shim), str(SOURCE), "-ldl"]
        subprocess.run(command, check=True)

    @property
    def environ(self) -> Mapping[str, str]:
        """What a program needs in its environment to live on this machine."""
        return {"LD_PRELOAD": str(self._shim), "MOVED_CLOCK": str(self._file)}

    def set(self, ahead: timedelta) -> None:
        """Set the wall clock so far ahead of the true time; negative for back."""
        written = self._file.with_suffix(".new")
        written.write_text(f"{int(ahead.total_seconds())}\n")
        written.replace(self._file)
