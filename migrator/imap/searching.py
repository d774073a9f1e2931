"""Which messages an open folder holds: UID SEARCH, of everything or of some UIDs."""

from collections.abc import Sequence

from migrator.imap.reading import Response
from migrator.imap.session import Session
from migrator.imap.uids import written
from migrator.imap.words import number_of


async def present(session: Session, uids: Sequence[range] | None) -> frozenset[int]:
    """The UIDs that are there, among `uids` or among all. Raises Declined, Gone, Garbled."""
    found: set[int] = set()

    def take(response: Response) -> None:
        words = response.first.upper().split()
        if words[:2] == [b"*", b"SEARCH"]:
            found.update(uid for word in words[2:] if (uid := number_of(word)) is not None)

    for part in ["ALL"] if uids is None else [f"UID {part}" for part in written(uids)]:
        await session.line.run(b"UID SEARCH ", part.encode("ascii"), take=take)
    return frozenset(found)
