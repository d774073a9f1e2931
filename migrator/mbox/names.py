"""Where a folder's mbox file stands below the root: names that Windows, macOS and Linux take.

    file_of(("受信", "a:b"), taken)      # "受信/a_b.mbox"

`taken` holds the keys (`migrator.safe_names.key`) of files that other folders have. Pure; raises nothing.
"""

from collections.abc import Container

from migrator.mailbox import FolderName
from migrator.safe_names import key, mark, plain, unused

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
        path = f"{plain(name[-1], _LEVEL - 12)} {mark(name)}{ENDING}"
    elif key(path) in taken:
        path = f"{path.removesuffix(ENDING)} {mark(name)}{ENDING}"
    return unused(path.removesuffix(ENDING), taken, ENDING)


def _level(level: str) -> str:
    """A level of a folder's name; its directory never has the name of a file of ours."""
    name = plain(level, _LEVEL - 1)
    ours = name.casefold().endswith((ENDING, DRAFT)) or name.casefold() in _OURS
    return f"{name}_" if ours else name
