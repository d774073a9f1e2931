"""Messages stored in `cur` of a folder, several at a time: each whole and durable before its name can be seen.

    outcomes = store(box, [(place, message), ...], sync)

All are written into `tmp`, synced (`sync` may do several at once), renamed, and the folder is synced: what kills the
run leaves whole messages or nothing. No room is an outcome (OVERQUOTA, TOOBIG); all else raises OSError or MailboxAway,
and then nobody knows which have been stored. Blocks.
"""

import contextlib
import errno
import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from migrator.disk.errors import full
from migrator.disk.files import NEW_FILE
from migrator.disk.numbers import UIDVALIDITY
from migrator.mailbox import Message, Outcome, Refused, Stored
from migrator.maildir.box import Box, Place, open_part

_NO_ROOM = Refused("there is no room in the Maildir", "OVERQUOTA")
_APPEND = os.O_WRONLY | os.O_APPEND | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
Sync = Callable[[Iterable[int]], None]


@dataclass(frozen=True, slots=True)
class _Draft:
    """A message in `tmp`."""

    place: Place
    descriptor: int
    name: str  # under which it will be seen
    octets: int
    dropped: frozenset[str]


def store(box: Box, messages: Sequence[tuple[Place, Message]], sync: Sync) -> list[Outcome]:
    """Store these; one outcome for each, in order."""
    with contextlib.ExitStack() as closing:
        tmp = _opened(box, "tmp", closing)
        cur = _opened(box, "cur", closing)
        try:
            box.learn([message.item.flags for _, message in messages])
            drafts = [_drafted(box, tmp, place, message, closing) for place, message in messages]
            sync(one.descriptor for one in drafts if isinstance(one, _Draft))
        except OSError as error:
            if not full(error):
                raise
            return [_NO_ROOM] * len(messages)  # nothing has its name yet
        outcomes = [_shown(one, tmp, cur) if isinstance(one, _Draft) else one for one in drafts]
        if any(isinstance(one, _Draft) for one in drafts):
            os.fsync(cur)
    whole = [draft for draft, out in zip(drafts, outcomes, strict=True) if draft is not out and out is not _NO_ROOM]
    stored = [one for one in whole if isinstance(one, _Draft)]
    box.keep(one.place for one in stored)
    _count(box, stored)
    return outcomes


def _opened(box: Box, part: str, closing: contextlib.ExitStack) -> int:
    descriptor = open_part(box.path, part)
    closing.callback(os.close, descriptor)
    return descriptor


def _shown(one: _Draft, tmp: int, cur: int) -> Outcome:
    """Give a message its name."""
    try:
        os.rename(one.place.name, one.name, src_dir_fd=tmp, dst_dir_fd=cur)
    except OSError as error:
        if not full(error):
            raise
        return _NO_ROOM
    return Stored(UIDVALIDITY, one.place.uid, one.dropped)


def _drafted(box: Box, tmp: int, place: Place, message: Message, closing: contextlib.ExitStack) -> _Draft | Outcome:
    """A message written into `tmp`, or why it was not."""
    if place.there:
        return Stored(UIDVALIDITY, place.uid, box.keywords.letters(message.item.flags)[1])
    try:
        return _written(box, tmp, place, message, closing)
    except OSError as error:
        if full(error):
            return _NO_ROOM
        if error.errno == errno.EFBIG:
            return Refused("a file cannot be so large there", "TOOBIG")
        raise


def _written(box: Box, tmp: int, place: Place, message: Message, closing: contextlib.ExitStack) -> _Draft:
    descriptor = os.open(place.name, NEW_FILE, 0o600, dir_fd=tmp)
    closing.callback(os.close, descriptor)
    closing.callback(_unlink, place.name, tmp)  # where it was renamed there is nothing to remove
    if box.owner:
        box.owner.take(descriptor)
    octets, bare = _copied(message, descriptor)
    at = int(message.date.timestamp())
    os.utime(descriptor, (at, at))
    letters, dropped = box.keywords.letters(message.item.flags)
    return _Draft(place, descriptor, f"{place.name},S={octets},W={octets + bare}:2,{letters}", octets, dropped)


def _copied(message: Message, descriptor: int) -> tuple[int, int]:
    """Write the octets as they are; how many, and how many lines of them end by LF alone."""
    octets = bare = 0
    last = b""
    for chunk in message.content.chunks():
        bare += chunk.count(b"\n") - chunk.count(b"\r\n") - (last == b"\r" and chunk.startswith(b"\n"))
        octets += len(chunk)
        last = chunk[-1:] or last
        view = memoryview(chunk)
        while view:
            view = view[os.write(descriptor, view) :]
    return octets, bare


def _count(box: Box, stored: Sequence[_Draft]) -> None:
    """Tell the Maildir++ quota, where one is kept, what came in."""
    root = box.path.parent if box.path.name.startswith(".") else box.path
    octets = sum(one.octets for one in stored)
    with contextlib.suppress(OSError):  # a count that is wrong is made anew by whoever keeps it
        descriptor = os.open(root / "maildirsize", _APPEND)
        try:
            os.write(descriptor, f"{octets} {len(stored)}\n".encode())
        finally:
            os.close(descriptor)


def _unlink(name: str, folder: int) -> None:
    with contextlib.suppress(OSError):
        os.unlink(name, dir_fd=folder)
