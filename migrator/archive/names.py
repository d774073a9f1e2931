"""Names of files in an archive: where a folder, a message, its page and its attachments stand.

    folder_path(("受信", "a:b"), taken)          # "mail/受信/a_b"
    eml_path("mail/受信", 12, date, "請求書")     # "mail/受信/2001-02-03 請求書 (12).eml"
    paths = AttachmentPaths(12)                  # of a message, each given once
    paths.give("a.pdf")                          # "attachments/000012/a.pdf", then "attachments/000012/a (2).pdf"

Made of `migrator.safe_names`. Raises nothing.
"""

import hashlib
from collections.abc import Container
from dataclasses import dataclass, field
from datetime import datetime

from migrator.mailbox import FolderName
from migrator.safe_names import INSTEAD, key, mark, plain, trimmed, unused

# Explorer opens nothing whose whole path has 260 signs: with these, some 70 are left for where it is unpacked.
_LEVEL, _FOLDER, _SUBJECT, _ATTACHMENT = 60, 90, 60, 100  # octets
_ENDING = 16  # octets of an attachment's ending
_MARKED = 30  # octets of a level, where a mark tells names apart
_DEEPEST = 8  # levels


def folder_path(name: FolderName, taken: Container[str]) -> str:
    """Where a folder's messages stand; `taken` holds the keys of paths that other folders have."""
    levels = [_level(level) for level in name] or [INSTEAD]
    path = "/".join(("mail", *levels))
    if len(levels) > _DEEPEST or len(path.encode()) > _FOLDER:
        path = f"mail/{_level(levels[0], _MARKED)}/{_level(levels[-1], _MARKED)} {mark(name)}"
    elif key(path) in taken:
        path = f"{path} {mark(name)}"
    return unused(path, taken)


def eml_path(folder: str, number: int, date: datetime, subject: str) -> str:
    """Where a message stands, in the folder of this path. The number makes it the only one."""
    told = plain(subject, _SUBJECT) if subject.strip() else ""
    return f"{folder}/{f'{date:%Y-%m-%d} {told}'.strip()} ({number}).eml"


def page_path(number: int) -> str:
    """Where the page that shows a message stands."""
    return f"pages/{number:06d}.html"


@dataclass(frozen=True, slots=True)
class AttachmentPaths:
    """Where the attachments of a message stand. Those of one name take their turns: no name is tried twice."""

    number: int  # of the message
    given: set[str] = field(default_factory=set)
    _keys: set[str] = field(default_factory=set)
    _turns: dict[str, int] = field(default_factory=dict)  # the last one, by the key of a name

    def give(self, wished: str) -> str:
        """A path of its own. However long the name is, its ending stays: by it systems choose what opens the file."""
        name = _shortened(plain(wished, len(wished.encode("utf-8", "replace")) + 1))
        turn = self._turns.get(key(name), 0) + 1
        while key(_in_turn(name, turn)) in self._keys:
            turn += 1
        self._turns[key(name)] = turn
        self._keys.add(key(_in_turn(name, turn)))
        path = f"attachments/{self.number:06d}/{_in_turn(name, turn)}"
        self.given.add(path)
        return path


def _in_turn(name: str, turn: int) -> str:
    stem, dot, ending = name.rpartition(".")
    if turn == 1:
        return name
    return f"{stem.rstrip()} ({turn}).{ending}" if dot and stem else f"{name} ({turn})"


def _shortened(name: str) -> str:
    """A name that is not too long, with the ending that it had and no other."""
    if len(name.encode()) <= _ATTACHMENT:
        return name
    stem, dot, ending = name.rpartition(".")
    if not dot or len(ending.encode()) > _ENDING:
        return trimmed(name.replace(".", INSTEAD), _ATTACHMENT)
    return plain(f"{trimmed(stem, _ATTACHMENT - len(ending.encode()) - 1)}.{ending}")


def manifest_path(part: int) -> str:
    """What the manifest of a part is called."""
    return f"manifest-{part}.json"


def path_digest(path: str) -> bytes:
    """Twelve octets that two paths share where their `key` is the same, and hardly ever else."""
    return hashlib.blake2b(key(path).encode("utf-8", "surrogatepass"), digest_size=12).digest()


def _level(level: str, longest: int = _LEVEL) -> str:
    """A level of a folder's name; it never looks like a message's file."""
    name = plain(level, longest - 1)
    return f"{name}_" if name.lower().endswith(".eml") else name
