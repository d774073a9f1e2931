"""Marks, names and states as rows of a journal's file, and back."""

import json
from functools import lru_cache

from migrator.journals.journal import Key, Mark, Settled
from migrator.mailbox import FolderName, FolderState


def mark_from(row: tuple[str, int, int, int, bytes, str, str | None, str, int | None, int | None]) -> Mark:
    """A mark from its row."""
    folder, uidvalidity, uid, size, sha256, flags, settled, why, target_uidvalidity, target_uid = row
    return Mark(
        Key(folder_name(folder), uidvalidity, uid),
        size,
        sha256,
        _flags(flags),
        Settled(settled) if settled is not None else None,
        why,
        target_uidvalidity,
        target_uid,
    )


def row_of(mark: Mark, intent: int | None) -> tuple[object, ...]:
    """The row of a mark; `intent` is the number of the one it stands in, None once it is settled."""
    key = mark.key
    settled = str(mark.settled) if mark.settled is not None else None
    known = (*key_of(key), mark.size, mark.sha256, " ".join(sorted(mark.flags)))
    return (*known, settled, storable(mark.why), mark.target_uidvalidity, mark.target_uid, intent)


def key_of(key: Key) -> tuple[str, int, int]:
    """The columns by which a mark is found."""
    return folder_text(key.folder), key.uidvalidity, key.uid


def state_numbers(state: FolderState) -> tuple[int, int, int, int | None]:
    """The columns of a state."""
    return state.uidvalidity, state.uidnext, state.messages, state.modseq


def storable(text: str) -> str:
    """A text that every journal can hold: servers and file names say what they like."""
    return text.replace("\0", "\ufffd").encode("utf-8", "replace").decode("utf-8")


@lru_cache(1024)
def folder_text(name: FolderName) -> str:
    """A folder's name as one text, whatever signs it has."""
    return json.dumps(name, ensure_ascii=True, separators=(",", ":"))


@lru_cache(1024)
def folder_name(text: str) -> FolderName:
    """The name again."""
    return tuple(json.loads(text))


@lru_cache(1024)
def _flags(text: str) -> frozenset[str]:
    return frozenset(text.split(" ")) if text else frozenset()
