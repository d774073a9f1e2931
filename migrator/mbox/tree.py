"""Which files below a folder are mboxes, and which folders of a mailbox they are.

    found, left_out = look(Path("/home/hanako/mail"))

A single file is INBOX. Thunderbird's "Name" beside "Name.msf" with "Name.sbd/", Dovecot's files in modified UTF-7,
Apple's "Name.mbox/mbox" and files of ours are known. Symbolic links are not followed. What is no mbox is left out, with
the reason, unless it is a file that mail programs keep for themselves. Blocks; raises OSError.
"""

import os
import unicodedata
from collections.abc import Iterator, Mapping
from pathlib import Path

from migrator.disk.files import READ_FILE
from migrator.folder_names import decoded
from migrator.mailbox import INBOX, FolderName

_OURS = (".msf", ".json", ".dat", ".html", ".sqlite", ".db", ".lock", ".ledger", ".plist", ".emlx", ".css", ".js")
_ENDINGS = (".mbox", ".sbd")
_DEEPEST = 32


def look(root: Path) -> tuple[Mapping[FolderName, Path], Mapping[FolderName, str]]:
    """Every mbox by its folder's name, and why other files are none."""
    if root.is_file():
        return {INBOX: root}, {}
    found: dict[FolderName, Path] = {}
    left_out: dict[FolderName, str] = {}
    for levels, path in _files(root, ()):
        name = _free(_name(levels), found, left_out)
        if is_mbox(path):
            found[name] = path
        else:
            left_out[name] = f"the file {path.name} is no mbox"
    return found, left_out


def is_mbox(path: Path) -> bool:
    """Whether a file begins as an mbox does, or is an empty one."""
    descriptor = os.open(path, READ_FILE)
    try:
        begin = os.read(descriptor, 4096).lstrip(b"\r\n")
    finally:
        os.close(descriptor)
    return begin.startswith(b"From ") or (not begin and ("." not in path.name or path.suffix.lower() == ".mbox"))


def _files(folder: Path, levels: FolderName) -> Iterator[tuple[FolderName, Path]]:
    for entry in sorted(os.scandir(folder), key=lambda one: one.name):
        path = Path(entry.path)
        if entry.name.startswith(".") or entry.is_symlink():
            continue
        if entry.is_dir():
            if len(levels) < _DEEPEST:
                yield from _files(path, (*levels, _level(entry.name)))
        elif entry.is_file() and entry.name == "mbox" and folder.suffix.lower() == ".mbox" and levels:
            yield levels, path
        elif entry.is_file() and not entry.name.lower().endswith(_OURS):
            yield (*levels, _level(entry.name)), path


def _level(name: str) -> str:
    for ending in _ENDINGS:
        if name.lower().endswith(ending) and len(name) > len(ending):
            name = name[: -len(ending)]
    octets = os.fsencode(name)
    told = (decoded(octets) if "&" in name else None) or octets.decode("utf-8", "replace")
    plain = "".join(sign if sign.isprintable() or sign == "\u3000" else "_" for sign in told)
    return unicodedata.normalize("NFC", plain) or "_"


def _name(levels: FolderName) -> FolderName:
    return INBOX if len(levels) == 1 and levels[0].upper() == "INBOX" else levels


def _free(name: FolderName, *taken: Mapping[FolderName, object]) -> FolderName:
    """A name that no other file has."""
    number, free = 1, name
    while any(free in names for names in taken):
        number += 1
        free = (*name[:-1], f"{name[-1]} {number}")
    return free
