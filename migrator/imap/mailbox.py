"""What reading and filling a mailbox on an IMAP server have in common: sessions, folders, quota.

`ImapSource` and `ImapTarget` are made of this. Errors are told as MailboxError, with the place they happened.
"""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager, AbstractContextManager

from migrator.imap.errors import Declined
from migrator.imap.folders import Folder, listed
from migrator.imap.quota import Quota, quota
from migrator.imap.reading import Spool
from migrator.imap.session import Session
from migrator.imap.sessions import Access, Sessions
from migrator.imap.streaming import Run
from migrator.imap.telling import patience, told
from migrator.imap.tree import Tree
from migrator.mailbox import FolderName, MailFolder, StaleFolder


class ImapMailbox:
    """One mailbox on one server."""

    def __init__(self, access: Access, spool: Spool, *, most: int) -> None:
        self.sessions = Sessions(access, spool, most=most)
        self._listed: Tree | None = None

    @property
    def described(self) -> str:
        """Where it is, for people."""
        return str(self.sessions.access)

    def asking(self) -> AbstractAsyncContextManager[Session]:
        """A session to ask what needs no open folder."""
        return self.sessions.one()

    async def connect(self) -> None:
        """Connect and log in. Raises MailboxError."""
        with self.told():
            self.sessions.keep(await self.sessions.opened())

    async def folders(self) -> Sequence[MailFolder]:
        """Every folder, as it is now."""
        with self.told():
            async with self.asking() as session:
                listing = await listed(session)
                self._listed = Tree.of(listing, utf8=session.utf8, gmail="X-GM-EXT-1" in session.can)
        return self._listed.folders

    async def close(self) -> None:
        """End every connection."""
        await self.sessions.close()

    def told(self) -> AbstractContextManager[None]:
        """A block whose errors are MailboxErrors that name this place."""
        return told(self.described, self.sessions.access.server.name)

    async def tree(self) -> Tree:
        """The folders as they were listed last."""
        if self._listed is None:
            await self.folders()
        return self.listed

    @property
    def listed(self) -> Tree:
        """The folders as they were listed last. Raises ValueError where they never were."""
        if self._listed is None:
            raise ValueError("the folders have not been listed yet")
        return self._listed

    async def known(self, name: FolderName) -> Folder:
        """A folder as the server names it. Raises StaleFolder where it listed none."""
        folder = (await self.tree()).known.get(name)
        if folder is None:
            raise StaleFolder(name, "it is not there")
        return folder

    async def quota(self) -> Quota:
        """What the server says of the room in this mailbox."""
        with self.told():
            async with self.asking() as session:
                return await quota(session)


def stale(name: FolderName, refused: Declined) -> StaleFolder | Declined:
    """A folder that is not opened is not what it was, unless the server asks for patience."""
    return refused if patience(refused.code, refused.text) else StaleFolder(name, str(refused))


def check(run: Run, name: FolderName, uidvalidity: int | None) -> None:
    """Raises StaleFolder where the folder is not the one that is meant."""
    if run.refused is not None:
        said = run.refused
        raise stale(name, Declined("EXAMINE", said.word, said.code, said.text))
    if run.opened is not None and uidvalidity not in {None, run.opened.uidvalidity}:
        raise StaleFolder(name, f"its UIDVALIDITY is {run.opened.uidvalidity}, and was {uidvalidity}")


def check_fetched(run: Run) -> None:
    """Raises Declined where a FETCH was refused."""
    said = run.unfetched
    if said is not None:
        raise Declined("UID FETCH", said.word, said.code, said.text)
