r"""Flags given to messages that are in a folder: one UID STORE for all that get the same, pipelined.

    kept = await stored(session, {7: frozenset({"\Seen", "work"})}, keeping)

Servers refuse a keyword that they said they would keep (Cyrus has room for a hundred in a folder): what is refused is
tried without the keywords that are new there.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping

from migrator.imap.commands import accepted
from migrator.imap.keywords import Keeps
from migrator.imap.session import Session
from migrator.imap.telling import patience
from migrator.imap.uids import runs, written


async def stored(session: Session, flags: Mapping[int, frozenset[str]], keeping: Keeps) -> Mapping[int, frozenset[str]]:
    """Set these flags in the folder that is open for writing, and is `keeping` some; which of them it took, by UID.

    Raises Declined where the server asks for patience, Gone, Garbled.
    """
    refused = await _asked(session, flags, but={"", "LIMIT"})  # RFC 5530: LIMIT may be one of keywords
    fewer = {uid: keeping.surely(flags[uid]) for uid in refused}
    lost = await _asked(session, fewer, but={""})
    return {**flags, **fewer, **dict.fromkeys(lost, frozenset[str]())}


async def _asked(session: Session, flags: Mapping[int, frozenset[str]], *, but: Collection[str]) -> Collection[int]:
    """Set these flags; the UIDs for which the server refused to. Raises Declined for all patience asked `but` these."""
    alike: dict[frozenset[str], list[int]] = defaultdict(list)
    for uid in sorted(flags):
        alike[flags[uid]].append(uid)
    asked = [
        (of, await session.line.start(b"UID STORE ", uids.encode("ascii"), _setting(wanted)))
        for wanted, of in alike.items()
        for uids in written(runs(of))
    ]
    refused: set[int] = set()
    for of, answered in asked:
        answer = await answered
        if patience(answer.code, answer.text) not in but:
            accepted(answer, "UID STORE")
        if answer.word != "OK":
            refused.update(of)
    return refused


def _setting(flags: frozenset[str]) -> bytes:
    return b" FLAGS.SILENT (" + " ".join(sorted(flags)).encode("ascii") + b")"
