"""Which flags a folder keeps: system flags always, keywords as its PERMANENTFLAGS say (RFC 3501 section 7.1)."""

import re
from collections.abc import Iterable

SYSTEM = frozenset({"\\Seen", "\\Answered", "\\Flagged", "\\Deleted", "\\Draft"})
_KEYWORD = re.compile(r"[^\x00-\x20\x7f-\U0010ffff(){%*\"\\\]]+")  # RFC 3501 section 9: atom


def sendable(flags: Iterable[str]) -> frozenset[str]:
    """Those flags that can stand in a command: what is no atom would be read as something else."""
    return frozenset(flag for flag in flags if flag in SYSTEM or _KEYWORD.fullmatch(flag))


class Keeps:
    """What one folder keeps; `said` are its PERMANENTFLAGS, none where it did not say."""

    def __init__(self, said: frozenset[str] = frozenset()) -> None:
        self._any = not said or "\\*" in said
        self._named = {flag.lower() for flag in said}

    def kept(self, flags: frozenset[str]) -> frozenset[str]:
        """Those of these flags that it keeps."""
        return frozenset(flag for flag in sendable(flags) if flag in SYSTEM or self._any or flag.lower() in self._named)

    def surely(self, flags: frozenset[str]) -> frozenset[str]:
        """Those of these flags that it has already: there may be no room for another."""
        return frozenset(flag for flag in flags if flag in SYSTEM or flag.lower() in self._named)
