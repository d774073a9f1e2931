"""Which flags a folder keeps: system flags always, keywords as its PERMANENTFLAGS say (RFC 3501 section 7.1)."""

from migrator.imap.commands import accepted
from migrator.imap.folders import Folder, Opening, name_part
from migrator.imap.session import Session

SYSTEM = frozenset({"\\Seen", "\\Answered", "\\Flagged", "\\Deleted", "\\Draft"})


class Keeps:
    """What one folder keeps; `said` are its PERMANENTFLAGS, none where it did not say."""

    def __init__(self, said: frozenset[str]) -> None:
        self._any = not said or "\\*" in said
        self._named = {flag.lower() for flag in said}

    def kept(self, flags: frozenset[str]) -> frozenset[str]:
        """Those of these flags that it keeps."""
        return frozenset(flag for flag in flags if flag in SYSTEM or self._keeps(flag))

    def _keeps(self, flag: str) -> bool:
        if not flag.isascii() or any(sign in flag for sign in '(){ %*"]') or not flag.isprintable():
            return False  # no atom: it would be read as something else
        return (self._any and not flag.startswith("\\")) or flag.lower() in self._named


async def keeps(session: Session, folder: Folder) -> Keeps:
    """Ask a folder by opening it, for a moment where the server can (RFC 3691). Raises Declined, Gone, Garbled."""
    opening = Opening(folder)
    opened = await session.line.start(b"SELECT ", name_part(folder.wire), take=opening.take)
    if "UNSELECT" in session.can:
        await session.line.start(b"UNSELECT")
    accepted(await opened, "SELECT")
    return Keeps(opening.opened().keeps)
