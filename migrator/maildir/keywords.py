r"""Flags in a Maildir: capital letters for system flags, small ones for keywords by Dovecot's `dovecot-keywords`.

    known = Keywords.read(folder)
    known.flags("FSa")                      # {"\\Flagged", "\\Seen", "$Label1"}
    letters, dropped = known.letters({"\\Seen", "$Label1"})

A folder has room for 26 keywords; what finds none, and system flags without a letter, are dropped and named.
`added` writes new keywords down, durably and under Dovecot's lock. Blocks. Raises OSError, MailboxAway.
"""

import re
import string
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from migrator.disk.files import Owner, read_small, write_whole
from migrator.maildir.lock import dotlock

FILE = "dovecot-keywords"
LOCKED = "dovecot-uidlist"
_SYSTEM = {"D": "\\Draft", "F": "\\Flagged", "R": "\\Answered", "S": "\\Seen", "T": "\\Deleted"}
_LETTERS = {flag.lower(): letter for letter, flag in _SYSTEM.items()}
_LINE = re.compile(r"^([0-9]{1,2}) (\S+)\r?$", re.ASCII | re.MULTILINE)
_PASSED = "$Forwarded"  # P: passed on, in Maildirs that no Dovecot keeps


@dataclass(frozen=True, slots=True)
class Keywords:
    """The keywords of one folder: small letter to name."""

    names: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Those that `dovecot-keywords` names; none where it is missing. Raises OSError."""
        said = (read_small(folder / FILE) or b"").decode("utf-8", "replace")
        pairs = ((int(at), name) for at, name in _LINE.findall(said))
        return cls({string.ascii_lowercase[at]: name for at, name in pairs if at < 26})

    def flags(self, letters: str) -> frozenset[str]:
        """The flags that letters in a file's name stand for; a small letter without a name stands for none."""
        known = {"P": _PASSED, **_SYSTEM, **self.names}
        return frozenset(known[letter] for letter in letters if letter in known)

    def letters(self, flags: Iterable[str]) -> tuple[str, frozenset[str]]:
        """The letters for flags, in order, and the flags that have none."""
        mine = {name.lower(): letter for letter, name in self.names.items()} | _LETTERS
        found = {flag: mine.get(flag.lower(), "") for flag in flags}
        return "".join(sorted(set(found.values()) - {""})), frozenset(flag for flag in found if not found[flag])

    def lacks(self, flags: Iterable[str]) -> bool:
        """Whether writing these down would gain anything."""
        return len(self.names) < 26 and any(_is_keyword(flag) for flag in self.letters(flags)[1])


def _is_keyword(flag: str) -> bool:
    return bool(flag) and not flag.startswith("\\") and flag.isprintable() and " " not in flag


def added(folder: Path, flags: Iterable[str], owner: Owner | None = None) -> Keywords:
    """The folder's keywords with those of `flags` among them, as far as there is room, durable."""
    with dotlock(folder / LOCKED):
        before = Keywords.read(folder)
        names = dict(before.names)
        free = [letter for letter in string.ascii_lowercase if letter not in names]
        names.update(zip(free, sorted(filter(_is_keyword, before.letters(flags)[1])), strict=False))
        if len(names) > len(before.names):
            numbered = sorted((string.ascii_lowercase.index(letter), name) for letter, name in names.items())
            write_whole(folder / FILE, "".join(f"{at} {name}\n" for at, name in numbered).encode(), owner)
    return Keywords(names)
