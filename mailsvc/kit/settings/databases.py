"""The URL of the records: one SQLite file, or a PostgreSQL database.

`DatabaseUrl` is the pydantic type; a relative SQLite path starts at the settings file's folder, a password in the
URL is refused without showing it.
"""

import re
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, ValidationInfo

from mailsvc.kit.paths import under_folder
from schedules.positions import Wrong

_SCHEME = re.compile(r"(sqlite|postgresql(?:\+psycopg)?)://(.*)", re.DOTALL)
_POSTGRESQL = re.compile(
    r"(?:[\w.%-]+@)?(?:[\w.-]+|\[[0-9A-Fa-f:.]+\])?(?::[0-9]{1,5})?/[\w.%-]+(?:\?[!-~]*)?", re.ASCII
)
_REMEDY = "write `sqlite:////PATH/records.db` or `postgresql://USER@HOST/DATABASE`"


def _read(url: str, info: ValidationInfo) -> str:
    match = _SCHEME.fullmatch(url)
    if match is None:
        raise Wrong("this is no database the records can be kept in", _REMEDY)
    scheme, place = match.groups()
    if scheme != "sqlite":
        return _postgresql(url, place)
    path = place.removeprefix("/")
    if path == place or not path or path.startswith(":memory:") or any(mark in path for mark in "\0?#"):
        raise Wrong(
            "this names no SQLite file", "write `sqlite:////PATH/records.db`, with four slashes before a whole path"
        )
    return f"sqlite:///{under_folder(Path(path), info)}"


def _postgresql(url: str, place: str) -> str:
    login, at, _ = place.partition("/")[0].rpartition("@")
    if (at and ":" in login) or re.search(r"[?&]password=", place):
        raise Wrong("a password stands in the URL", "take it out, and name its file or variable under `password`")
    if not _POSTGRESQL.fullmatch(place):
        raise Wrong("this is no PostgreSQL URL", _REMEDY)
    return url


DatabaseUrl = Annotated[str, AfterValidator(_read)]
