"""Names of files in an archive: whatever they are made of, Windows, macOS and Linux take them; none leaves its root.

    folder_path(("受信", "a:b"), taken)          # "mail/受信/a_b"
    eml_path("mail/受信", 12, date, "請求書")     # "mail/受信/2001-02-03 請求書 (12).eml"
    why_unsafe("../x")                           # "it leads out of the archive"; "" where a path is safe

Japanese stays Japanese. What some system cannot write becomes `_`; what cannot be seen (marks that turn the direction
of writing) goes. Two paths are the same to some system where their `key` is. Pure; raises nothing.
"""

import hashlib
import re
import unicodedata
from collections.abc import Container, Sequence
from datetime import datetime
from functools import lru_cache

from migrator.mailbox import FolderName

LONGEST = 240  # octets of one part of a path
# Explorer opens nothing whose whole path has 260 signs: with these, some 70 are left for where it is unpacked.
_LEVEL, _FOLDER, _SUBJECT, _ATTACHMENT = 60, 90, 60, 100  # octets
_ENDING = 16  # octets of an attachment's ending
_MARKED = 30  # octets of a level, where a mark tells names apart
_DEEPEST = 8  # levels
_DEEP = 64  # parts of a path that somebody else may have made
_INSTEAD = "_"
_FORBIDDEN = frozenset('<>:"/\\|?*')
_UNSEEN = frozenset({"Cf"})
_UNWRITABLE = frozenset({"Cc", "Cs", "Co", "Cn", "Zl", "Zp"})
_DEVICE = re.compile(
    r"(?:con|prn|aux|nul|conin\$|conout\$|(?:com|lpt)[0-9¹²³])[ ]*(?:\..*)?", re.IGNORECASE | re.DOTALL
)


def plain(text: str, longest: int = LONGEST) -> str:
    """`text` as one part of a path, of at most so many octets in UTF-8; never empty."""
    signs = " ".join("".join(map(_written, " ".join(unicodedata.normalize("NFC", text).split()))).split())
    name = _trimmed(signs, longest)
    if name.startswith("."):
        name = _INSTEAD + name[1:]
    if _DEVICE.fullmatch(name):
        name = _trimmed(_INSTEAD + name, longest)
    return name or _INSTEAD


def folder_path(name: FolderName, taken: Container[str]) -> str:
    """Where a folder's messages stand; `taken` holds the keys of paths that other folders have."""
    levels = [_level(level) for level in name] or [_INSTEAD]
    path = "/".join(("mail", *levels))
    if len(levels) > _DEEPEST or len(path.encode()) > _FOLDER:
        path = f"mail/{_level(levels[0], _MARKED)}/{_level(levels[-1], _MARKED)} {_mark(name)}"
    elif key(path) in taken:
        path = f"{path} {_mark(name)}"
    number, free = 1, path
    while key(free) in taken:
        number += 1
        free = f"{path} {number}"
    return free


def eml_path(folder: str, number: int, date: datetime, subject: str) -> str:
    """Where a message stands, in the folder of this path. The number makes it the only one."""
    told = plain(subject, _SUBJECT) if subject.strip() else ""
    return f"{folder}/{f'{date:%Y-%m-%d} {told}'.strip()} ({number}).eml"


def page_path(number: int) -> str:
    """Where the page that shows a message stands."""
    return f"pages/{number:06d}.html"


def attachment_path(number: int, wished: str, taken: Sequence[str]) -> str:
    """Where an attachment stands; `taken` are the paths of the message's other ones.

    However long the name is, its ending stays: by it systems choose what opens the file.
    """
    name = _shortened(plain(wished, len(wished.encode("utf-8", "replace")) + 1))
    keys, turn, path = {key(one) for one in taken}, 1, f"attachments/{number:06d}/{name}"
    stem, dot, ending = name.rpartition(".")
    while key(path) in keys:
        turn += 1
        numbered = f"{stem} ({turn}).{ending}" if dot and stem else f"{name} ({turn})"
        path = f"attachments/{number:06d}/{numbered}"
    return path


def _shortened(name: str) -> str:
    """A name that is not too long, with the ending that it had and no other."""
    if len(name.encode()) <= _ATTACHMENT:
        return name
    stem, dot, ending = name.rpartition(".")
    if not dot or len(ending.encode()) > _ENDING:
        return _trimmed(name.replace(".", _INSTEAD), _ATTACHMENT)
    return plain(f"{_trimmed(stem, _ATTACHMENT - len(ending.encode()) - 1)}.{ending}")


def manifest_path(part: int) -> str:
    """What the manifest of a part is called."""
    return f"manifest-{part}.json"


def key(path: str) -> str:
    """What two paths share where some system takes them for one."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFD", path).upper().casefold())


def path_digest(path: str) -> bytes:
    """Twelve octets that two paths share where their `key` is the same, and hardly ever else."""
    return hashlib.blake2b(key(path).encode("utf-8", "surrogatepass"), digest_size=12).digest()


def why_unsafe(path: str) -> str:
    """Why no system should make a file of this path; empty where all can."""
    parts = path.split("/")
    if path.startswith(("/", "\\")) or re.match(r"[A-Za-z]:", path):
        return "its path is absolute"
    if ".." in parts or ".." in path.split("\\"):
        return "it leads out of the archive"
    if len(parts) > _DEEP:
        return "its path is too deep"
    if not all(map(_is_safe, parts)):
        return "its name is not safe on every system"
    return ""


@lru_cache(1024)  # of the parts of many paths all but the last are the same
def _is_safe(part: str) -> bool:
    """Whether a part of a path is as `plain` would leave it, and not too long."""
    return bool(part) and part == plain(part, 100_000) and len(part.encode()) <= LONGEST


def _level(level: str, longest: int = _LEVEL) -> str:
    """A level of a folder's name; it never looks like a message's file."""
    name = plain(level, longest - 1)
    return f"{name}_" if name.lower().endswith(".eml") else name


def _trimmed(name: str, longest: int) -> str:
    cut = name.encode("utf-8")[:longest].decode("utf-8", "ignore")
    return cut.strip(" ").rstrip(" .")


@lru_cache(65_536)
def _written(sign: str) -> str:
    """What is written instead of a sign, mostly itself."""
    category = unicodedata.category(sign)
    if category in _UNSEEN:
        return ""
    return _INSTEAD if sign in _FORBIDDEN or category in _UNWRITABLE else sign


def _mark(name: FolderName) -> str:
    """Eight letters and digits that are this name's own."""
    return hashlib.sha256("\0".join(name).encode("utf-8", "surrogatepass")).hexdigest()[:8]
