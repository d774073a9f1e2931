"""Private servers shared by one test run: started once by whichever worker needs them first, stopped at the run's end.

`facts = run_folder.server("postgresql", start)`: `start(folder)` is called once per run (a file lock keeps the other
workers waiting), with an empty folder of its own that every user may enter; it answers `Started(facts, stop)`: what
clients must know (ports, paths) and the commands that stop the server. The facts are kept in a file and answered to
everyone who asks later. If `start` raises, each asker gets the same error at once, without trying again.

The process that made the run folder calls `close()` at its end: it runs all stop commands and removes the folder. A
run that was killed leaves its folder behind; the next run finds that the owner is dead and clears it away.
"""

import fcntl
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

PREFIX = "lastpost-run."
STOP_SECONDS = 120


class ServerFailed(AssertionError):
    """A shared server did not start; the message is the first asker's error."""


@dataclass(frozen=True)
class Started:
    """What a started server tells its clients, and how it is stopped."""

    facts: Mapping[str, str]
    stop: Sequence[Sequence[str]] = field(default_factory=tuple)


@dataclass(frozen=True)
class RunFolder:
    """One test run's folder under the system's temporary folder."""

    root: Path

    @classmethod
    def make(cls) -> Self:
        """Make the folder of a new run, owned by this process; clear away those whose owners are dead."""
        base = Path(tempfile.gettempdir())
        for old in base.glob(PREFIX + "*"):
            if not _owner_lives(old):
                cls(old).close()
        root = Path(tempfile.mkdtemp(prefix=PREFIX))
        root.chmod(0o755)
        (root / "owner").write_text(str(os.getpid()))
        return cls(root)

    def server(self, name: str, start: Callable[[Path], Started]) -> Mapping[str, str]:
        """Answer the facts of the run's server of this name; the first asker starts it."""
        state = self.root / f"{name}.json"
        with self._locked(name):
            if not state.exists():
                state.write_text(json.dumps(self._start(name, start)))
        told = json.loads(state.read_text())
        if "error" in told:
            raise ServerFailed(f"{name}: {told['error']}")
        facts: dict[str, str] = told["facts"]
        return facts

    def close(self) -> None:
        """Stop every server of this run and remove the folder."""
        for state in sorted(self.root.glob("*.json")):
            # Of two runs that clear away what a third has left, one may be quicker.
            with suppress(FileNotFoundError):
                for command in json.loads(state.read_text()).get("stop", ()):
                    with suppress(subprocess.TimeoutExpired):  # a server that does not end fails no run
                        subprocess.run(command, timeout=STOP_SECONDS, check=False, capture_output=True)
        shutil.rmtree(self.root, ignore_errors=True)

    def _start(self, name: str, start: Callable[[Path], Started]) -> dict[str, object]:
        folder = self.root / name
        folder.mkdir(mode=0o755)
        try:
            started = start(folder)
        except Exception as error:  # noqa: BLE001 - whatever went wrong is told to every asker
            return {"error": f"{type(error).__name__}: {error}"}
        return {"facts": dict(started.facts), "stop": [list(command) for command in started.stop]}

    @contextmanager
    def _locked(self, name: str) -> Iterator[None]:
        with (self.root / f"{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def _owner_lives(folder: Path) -> bool:
    try:
        os.kill(int((folder / "owner").read_text()), 0)
    except (ValueError, ProcessLookupError):
        return False
    except (FileNotFoundError, PermissionError):
        return True
    return True
