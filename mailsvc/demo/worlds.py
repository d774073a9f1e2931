"""Which demo worlds are running, so that `./run WORDS` finds the right settings by itself.

Each running world leaves a note with its process number and its folder beside the default state folder;
a note whose process is gone counts for nothing.
"""

import contextlib
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

SETTINGS = "lastpost.yaml"
DEFAULT = "demo"
_NOTES = "worlds"


def home() -> Path:
    """The folder of demo worlds: `var/` of the project this runs from, else of the current folder."""
    project = Path(__file__).resolve().parents[2]
    return (project if (project / "run").exists() else Path.cwd()) / "var"


@dataclass(frozen=True, slots=True)
class World:
    """A demo world that was found: its folder, and when it started (seconds since the epoch)."""

    state: Path
    started: float

    @property
    def settings(self) -> Path:
        """The settings file of this world."""
        return self.state / SETTINGS


@contextlib.contextmanager
def announced(worlds: Path, state: Path) -> Iterator[None]:
    """While this lasts, `running(worlds)` finds the world in `state`."""
    notes = worlds / _NOTES
    notes.mkdir(parents=True, exist_ok=True)
    note = notes / f"{os.getpid()}.json"
    note.write_text(json.dumps({"state": str(state.resolve())}), encoding="utf-8")
    try:
        yield
    finally:
        note.unlink(missing_ok=True)


def running(worlds: Path) -> list[World]:
    """The worlds running now, the newest first; notes of processes that are gone are taken away."""
    found = []
    for note in (worlds / _NOTES).glob("[0-9]*.json"):
        # A note that somebody else wrote, or that is being written just now, hides no other world.
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
            if not _alive(int(note.stem)):
                note.unlink(missing_ok=True)
                continue
            state = Path(json.loads(note.read_text(encoding="utf-8"))["state"])
            found.append(World(state, note.stat().st_mtime))
    return sorted(found, key=lambda world: world.started, reverse=True)


def choose(worlds: Path, state: Path | None) -> World | None:
    """The world whose settings `lastpost WORDS` shall use.

    `state` where it was named; else the default one if it runs, else the newest that runs, else the default at rest.
    None where there is no world at all: words that need no settings work without one.
    """
    if state is not None:
        return World(state.resolve(), 0.0)
    found = running(worlds)
    standard = (worlds / DEFAULT).resolve()
    for world in found:
        if world.state == standard:
            return world
    if found:
        return found[0]
    return World(standard, 0.0) if (standard / SETTINGS).exists() else None


def _alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
