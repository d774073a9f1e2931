"""Names that Windows, macOS and Linux take, whatever they are made of; none leads out of its folder.

    plain("a:b\u202e")         # "a_b": what some system cannot write becomes `_`, what cannot be seen goes
    key("A") == key("a")       # where some system takes two paths for one
    why_unsafe("../x")         # "it leads out of its folder"; "" where a path is safe
    mark(("受信", "請求"))      # eight letters and digits that tell this folder's name from all others

Japanese stays Japanese; marks that turn the direction of writing cannot be seen. Pure; raises nothing.
"""

import hashlib
import re
import unicodedata
from collections.abc import Container
from functools import lru_cache

from migrator.mailbox import FolderName

LONGEST = 240  # octets of one part of a path
INSTEAD = "_"
_DEEP = 64  # parts of a path that somebody else may have made
_FORBIDDEN = frozenset('<>:"/\\|?*')
_UNSEEN = frozenset({"Cf"})
_UNWRITABLE = frozenset({"Cc", "Cs", "Co", "Cn", "Zl", "Zp"})
_DEVICE = re.compile(
    r"(?:con|prn|aux|nul|conin\$|conout\$|(?:com|lpt)[0-9¹²³])[ ]*(?:\..*)?", re.IGNORECASE | re.DOTALL
)


def plain(text: str, longest: int = LONGEST) -> str:
    """`text` as one part of a path, of at most so many octets in UTF-8; never empty."""
    signs = " ".join("".join(map(_written, " ".join(unicodedata.normalize("NFC", text).split()))).split())
    name = trimmed(signs, longest)
    if name.startswith("."):
        name = INSTEAD + name[1:]
    if _DEVICE.fullmatch(name):
        name = trimmed(INSTEAD + name, longest)
    return name or INSTEAD


def trimmed(name: str, longest: int) -> str:
    """The beginning of a name, of at most so many octets in UTF-8, without blanks and dots at its end."""
    cut = name.encode("utf-8")[:longest].decode("utf-8", "ignore")
    return cut.strip(" ").rstrip(" .")


def key(path: str) -> str:
    """What two paths share where some system takes them for one."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFD", path).upper().casefold())


def unused(stem: str, taken: Container[str], ending: str = "") -> str:
    """`stem` and `ending`, with a number between where paths of that `key` are taken."""
    number, path = 1, f"{stem}{ending}"
    while key(path) in taken:
        number += 1
        path = f"{stem} {number}{ending}"
    return path


def why_unsafe(path: str) -> str:
    """Why no system should make a file of this path; empty where all can."""
    parts = path.split("/")
    if path.startswith(("/", "\\")) or re.match(r"[A-Za-z]:", path):
        return "its path is absolute"
    if ".." in parts or ".." in path.split("\\"):
        return "it leads out of its folder"
    if len(parts) > _DEEP:
        return "its path is too deep"
    if not all(map(_is_safe, parts)):
        return "its name is not safe on every system"
    return ""


def mark(name: FolderName) -> str:
    """Eight letters and digits that are this name's own."""
    return hashlib.sha256("\0".join(name).encode("utf-8", "surrogatepass")).hexdigest()[:8]


@lru_cache(1024)  # of the parts of many paths all but the last are the same
def _is_safe(part: str) -> bool:
    """Whether a part of a path is as `plain` would leave it, and not too long."""
    return bool(part) and part == plain(part, 100_000) and len(part.encode()) <= LONGEST


@lru_cache(65_536)
def _written(sign: str) -> str:
    """What is written instead of a sign, mostly itself."""
    category = unicodedata.category(sign)
    if category in _UNSEEN:
        return ""
    return INSTEAD if sign in _FORBIDDEN or category in _UNWRITABLE else sign
