"""Flags given to messages that are in a folder: one UID STORE for all that get the same, pipelined."""

from collections import defaultdict
from collections.abc import Mapping

from migrator.imap.commands import accepted
from migrator.imap.session import Session
from migrator.imap.uids import runs, written


async def stored(session: Session, flags: Mapping[int, frozenset[str]]) -> None:
    """Set exactly these flags in the folder that is open for writing. Raises Declined, Gone, Garbled."""
    alike: dict[frozenset[str], list[int]] = defaultdict(list)
    for uid in sorted(flags):
        alike[flags[uid]].append(uid)
    asked = [
        await session.line.start(b"UID STORE ", uids.encode("ascii"), _setting(wanted))
        for wanted, of in alike.items()
        for uids in written(runs(of))
    ]
    for one in asked:
        accepted(await one, "UID STORE")


def _setting(flags: frozenset[str]) -> bytes:
    return b" FLAGS.SILENT (" + " ".join(sorted(flags)).encode("ascii") + b")"
