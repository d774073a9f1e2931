"""How many octets and messages a Maildir holds, counted from its files (Maildir++ subfolders included).

`MaildirCount(root)` remembers each folder's sum together with the folder's mtime and looks again only into folders that
have changed: a count without change costs one look at the root and a `stat` call a folder. `quick()` gives the count
only where that is cheap, `count()` always, and may take long: call it in a thread.
MaildirError is raised where a folder cannot be read. A mailbox that does not exist holds nothing.
"""

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from migrator.maildir.delivery import entries_of, folders, told
from migrator.maildir.names import size_in

# A folder changed this recently may change again without its mtime moving: the kernel's clock ticks every 1-10 ms.
_RACY_NS = 20_000_000
_UNTRUSTED = -1
# A folder file of this size holds some hundred messages: read in a millisecond or so.
_SMALL = 32_768


@dataclass(frozen=True, slots=True)
class Held:
    """What a mailbox or a folder holds."""

    octets: int = 0
    messages: int = 0

    def __add__(self, other: "Held") -> "Held":
        return Held(self.octets + other.octets, self.messages + other.messages)


class MaildirCount:
    """The count of one mailbox; `now_ns` is the time of the host that stamps the folders, in nanoseconds."""

    def __init__(self, root: Path, *, now_ns: Callable[[], int] = time.time_ns) -> None:
        self.root = root
        self._now_ns = now_ns
        self._known: dict[Path, tuple[int, Held]] = {}

    def quick(self) -> Held | None:
        """The count where only small folders have changed since the last one; None: `count` is needed."""
        with told(self.root):
            present = [(folder, found) for folder in folders(self.root) if (found := _stat(folder))]
            known = self._known
            changed = sum(found.st_size for folder, found in present if not _is_same(known.get(folder), found))
            return self._sum(present) if changed <= _SMALL else None

    def count(self, *, fresh: bool = False) -> Held:
        """The count; `fresh` looks into every folder, whatever is remembered."""
        if fresh:
            self._known = {}
        with told(self.root):
            return self._sum([(folder, found) for folder in folders(self.root) if (found := _stat(folder))])

    def _sum(self, present: list[tuple[Path, os.stat_result]]) -> Held:
        # Two threads may count the same mailbox: what is known is read once and replaced whole.
        known = self._known
        seen = {}
        for folder, found in present:
            before = known.get(folder)
            seen[folder] = before if before and _is_same(before, found) else self._looked_into(folder, found)
        self._known = seen
        return sum((held for _, held in seen.values()), Held())

    def _looked_into(self, folder: Path, found: os.stat_result) -> tuple[int, Held]:
        settled = self._now_ns() - found.st_mtime_ns > _RACY_NS
        return (found.st_mtime_ns if settled else _UNTRUSTED, _held(folder))


def _is_same(before: tuple[int, Held] | None, found: os.stat_result) -> bool:
    return before is not None and before[0] == found.st_mtime_ns


def _held(folder: Path) -> Held:
    octets = messages = 0
    for entry in entries_of(folder):
        size = size_in(entry.name)
        if size is None:
            try:
                size = entry.stat(follow_symlinks=False).st_size
            except FileNotFoundError:
                continue  # a mail reader has just moved or flagged it: the folder's mtime will tell
        if entry.is_file(follow_symlinks=False):
            octets += size
            messages += 1
    return Held(octets, messages)


def _stat(folder: Path) -> os.stat_result | None:
    try:
        return os.stat(folder, follow_symlinks=False)  # noqa: PTH116 - Path.stat costs twice as much, and this is per RCPT
    except FileNotFoundError:
        return None
