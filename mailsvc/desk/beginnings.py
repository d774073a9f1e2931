"""The first acts of an installation: a settings file to edit, and its records.

Use: `write_settings(path)`, then, once the operator has edited it, `make_records(settings, actor)`.
Fails: `OSError` where a file cannot be written, `RecordsError` where the records cannot be made.
"""

import os
from dataclasses import dataclass
from pathlib import Path

from mailsvc.desk.desk import Desk, clock_of, open_records
from mailsvc.desk.refusals import Refused
from mailsvc.kit.settings import Settings, example_settings

MODE = 0o640  # settings name secrets, but hold none
_EXAMPLE_RECORDS = "sqlite:////var/lib/lastpost/records.db"
_RECORDS_BESIDE = "sqlite:///records.db"


@dataclass(frozen=True, slots=True)
class Made:
    """Where the records are, and whether this call made them."""

    place: str
    new: bool


def write_settings(path: Path) -> bool:
    """Write a commented example of the settings to `path`; False, and nothing is touched, where a file is there.

    Its records lie beside it, so that they can be made at once. Raises Refused where the folder is missing.
    """
    if not path.parent.is_dir():
        raise Refused(f"the folder {path.parent} is not there", f"make it with `mkdir -p {path.parent}`")
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, MODE)
    except FileExistsError:
        return False
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(example_settings().replace(_EXAMPLE_RECORDS, _RECORDS_BESIDE))
        file.flush()
        os.fsync(file.fileno())
    return True


def make_records(settings: Settings, actor: str) -> Made:
    """Make the records, or bring those that are there up to date; the folder of a SQLite file is made too."""
    place = settings.records.url
    new = True
    if settings.records.is_sqlite:
        path = Path(place.removeprefix("sqlite:///"))
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o750)
        new, place = not path.exists(), str(path)
    with open_records(settings, create=True) as records:
        desk = Desk(records, settings, clock_of(settings), actor)
        records.act(lambda conn: desk.note(conn, "init", place, "the records are made or brought up to date", {}))
    return Made(place, new)
