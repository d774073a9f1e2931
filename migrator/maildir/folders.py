r"""The folders of a Maildir: their directories, and what they are called.

    tree = look(root)            # every folder with its directory, and what is left out, with the reason
    directory_name(("台北", "a.b"))    # ".&U,BTFw-.a\2eb"

Maildir++ (`.A.B` in the root) is read and written, Dovecot's nested layout (`A/B`) is read. Levels are in modified
UTF-7 as servers write them; one that is not says its octets. A dot or slash in a level is written `\2e` and `\2f`, as
Dovecot's listescape does, so no name leaves the root. A symbolic link is no folder.
`look` raises OSError where the root itself cannot be read; `directory_name` raises BadFolderName.
"""

import os
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from migrator.folder_names import BadFolderName, decoded, encoded
from migrator.mailbox import INBOX, FolderName

PARTS = ("cur", "new", "tmp")
LONGEST = 240  # octets of a directory's name: file systems take 255
DEEPEST = 50  # levels of the nested layout
_ESCAPED = re.compile(r"\\(2e|2f|5c)")
_UNCLEAR = re.compile(r"\\(?=2e|2f|5c)")
_BEING_DELETED = "..DOVECOT-TRASHED"


@dataclass(slots=True)
class Tree:
    """What stands in a Maildir."""

    folders: dict[FolderName, Path] = field(default_factory=dict)
    left_out: dict[FolderName, str] = field(default_factory=dict)
    nested: bool = False  # it has folders in the nested layout

    def add(self, name: FolderName, path: Path) -> None:
        """A folder; one whose name is taken already by another directory gets a number behind it."""
        number, free = 1, name
        while free in self.folders:
            number += 1
            free = (*name[:-1], f"{name[-1]} ({number})")
        self.folders[free] = path


def directory_name(name: FolderName) -> str:
    """The directory of a folder below the root, "" for INBOX. Raises BadFolderName."""
    if name == INBOX:
        return ""
    if not name or not all(name):
        raise BadFolderName("a level of a folder's name is empty")
    written = "".join(f".{level_written(level)}" for level in name)
    if len(written) > LONGEST:
        raise BadFolderName(f"the name is too long for a directory ({len(written)} octets)")
    return written


def name_length(name: FolderName) -> int:
    """How many octets the directory's name takes."""
    return sum(1 + len(level_written(level)) for level in name)


def level_read(level: str) -> str:
    """What a level of a directory's name says."""
    octets = os.fsencode(level)
    said = decoded(octets)
    text = said if said is not None else octets.decode("utf-8", "backslashreplace")
    return _ESCAPED.sub(lambda found: chr(int(found[1], 16)), text)


def level_written(level: str) -> str:
    """A level as it stands in a directory's name."""
    marked = _UNCLEAR.sub(r"\\5c", level).replace(".", "\\2e").replace("/", "\\2f")
    return encoded(marked).decode("ascii")


def look(root: Path) -> Tree:
    """Every folder of the Maildir, INBOX first, else by name."""
    tree = Tree()
    if _holds_mail(root):
        tree.add(INBOX, root)
    with os.scandir(root) as entries:
        found = sorted(entries, key=lambda one: one.name)
    for entry in found:
        if entry.name.startswith("."):
            _look_at_dotted(tree, entry)
        elif entry.name not in PARTS and entry.is_dir(follow_symlinks=False):
            _look_at_nested(tree, Path(entry.path), (level_read(entry.name),))
    return tree


def _look_at_dotted(tree: Tree, entry: os.DirEntry[str]) -> None:
    name = tuple(level_read(level) for level in entry.name[1:].split("."))
    if entry.name == _BEING_DELETED or not entry.is_dir():
        return
    if entry.is_symlink():
        tree.left_out[name] = "a symbolic link stands in its place: it is not followed"
    elif _holds_mail(Path(entry.path)):
        tree.add(name, Path(entry.path))


def _look_at_nested(tree: Tree, path: Path, name: FolderName) -> None:
    if _holds_mail(path):
        tree.nested = True
        tree.add(name, path)
    if len(name) == DEEPEST:
        tree.left_out[(*name, "…")] = f"folders more than {DEEPEST} levels deep are not looked for"
        return
    for below in _directories_in(path):
        _look_at_nested(tree, below, (*name, level_read(below.name)))


def _directories_in(path: Path) -> Iterator[Path]:
    try:
        with os.scandir(path) as entries:
            found = sorted(one.path for one in entries if one.name not in PARTS and one.is_dir(follow_symlinks=False))
    except PermissionError:
        return  # what may not be looked into is told where it is opened, if it is a folder at all
    yield from (Path(one) for one in found)


def _holds_mail(path: Path) -> bool:
    """Whether a directory is a folder of mail; one that may not be looked into may be, and says so when it is read."""
    if not os.access(path, os.X_OK):
        return True
    return any(_is_directory(path / part) for part in ("cur", "new"))


def _is_directory(path: Path) -> bool:
    """Whether a directory stands there itself: behind a link may stand somebody else's mail."""
    try:
        return stat.S_ISDIR(os.lstat(path).st_mode)
    except OSError:
        return False
