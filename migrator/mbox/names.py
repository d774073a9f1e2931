"""Where a folder's mbox file stands below the root: names that Windows, macOS and Linux take.

    file_of(("受信", "a:b"), taken)      # "受信/a_b.mbox"

`taken` holds the keys (`migrator.archive.names.key`) of files that other folders have. Pure; raises nothing.
"""

import hashlib
from collections.abc import Container

from migrator.archive.names import key, plain
from migrator.mailbox import FolderName

ENDING = ".mbox"
DRAFT = ".draft"
_LEVEL, _WHOLE = 60, 120  # octets
_DEEPEST = 8
_OURS = frozenset({"manifest.json"})


def file_of(name: FolderName, taken: Container[str]) -> str:
    """The file of a folder."""
    levels = [_level(level) for level in name]
    path = "/".join(levels) + ENDING
    if len(levels) > _DEEPEST or len(path.encode()) > _WHOLE:
        path = f"{plain(name[-1], _LEVEL - 12)} {_mark(name)}{ENDING}"
    elif key(path) in taken:
        path = f"{path.removesuffix(ENDING)} {_mark(name)}{ENDING}"
    number, free = 1, path
    while key(free) in taken:
        number += 1
        free = f"{path.removesuffix(ENDING)} {number}{ENDING}"
    return free


def _level(level: str) -> str:
    """A level of a folder's name; its directory never has the name of a file of ours."""
    name = plain(level, _LEVEL - 1)
    ours = name.casefold().endswith((ENDING, DRAFT)) or name.casefold() in _OURS
    return f"{name}_" if ours else name


def _mark(name: FolderName) -> str:
    """Eight letters and digits that are this name's own."""
    return hashlib.sha256("\0".join(name).encode("utf-8", "surrogatepass")).hexdigest()[:8]
