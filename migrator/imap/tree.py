"""A server's folders by the names that people read: level by level, without the prefix of a personal namespace.

    tree = Tree.of(listing, gmail="X-GM-EXT-1" in session.can)
    tree.folders, tree.wire(("Sent",))

INBOX is written so whatever the server writes. A folder whose short name another has keeps its own in full.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from migrator.folder_names import encoded
from migrator.imap.folders import Folder, Listing
from migrator.mailbox import INBOX, FolderName, FolderState, MailFolder, NameRules, SpecialUse

LONGEST = 240  # octets on the wire: what file systems below servers take of a name, less what servers add
_USES = {str(use).lower(): use for use in SpecialUse}


@dataclass(frozen=True)
class Tree:
    """What a server listed."""

    known: Mapping[FolderName, Folder]
    prefix: str
    delimiter: str
    utf8: bool
    gmail: bool = False

    @classmethod
    def of(cls, listing: Listing, *, utf8: bool, gmail: bool = False) -> "Tree":
        """The tree of a listing."""
        delimiter = listing.delimiter or next((one.delimiter for one in listing.folders if one.delimiter), "")
        prefix = listing.prefix if listing.delimiter else _evident_prefix(listing, delimiter)
        known: dict[FolderName, Folder] = {}
        in_full = {folder.levels for folder in listing.folders}
        for folder in listing.folders:
            name = _name(folder, prefix)
            if name != folder.levels and name in in_full | known.keys():
                name = folder.levels
            while name in known:  # no folder is hidden by another
                name = (*name[:-1], name[-1] + "~")
            known[name] = folder
        return cls(known, prefix, delimiter, utf8, gmail)

    @property
    def folders(self) -> list[MailFolder]:
        """All of them, as those who move mailboxes know them."""
        return [self._told(name, folder) for name, folder in self.known.items() if not self._is_root(folder)]

    @property
    def rules(self) -> NameRules:
        """Which names the server takes."""
        return NameRules(delimiter=self.delimiter, longest=LONGEST, length=lambda name: len(self.wire(name)))

    def folder(self, name: FolderName) -> Folder:
        """A folder as the server names it, whether it is there or not."""
        return self.known.get(name) or Folder(self.wire(name), "/".join(name), self.delimiter, frozenset())

    def wire(self, name: FolderName) -> bytes:
        """A folder's name as it goes to the server, whether it is there or not."""
        folder = self.known.get(name)
        if folder is not None:
            return folder.wire
        if name == INBOX:
            return b"INBOX"
        text = self.prefix + self.delimiter.join(name)
        return text.encode() if self.utf8 else encoded(text)

    def _is_root(self, folder: Folder) -> bool:
        """Whether it is no folder but where a namespace begins."""
        return not folder.selectable and folder.name in {"", self.delimiter, self.prefix}

    def _told(self, name: FolderName, folder: Folder) -> MailFolder:
        return MailFolder(
            name,
            special_use=_USES.get(folder.special_use),
            subscribed=folder.subscribed,
            holds_messages=folder.selectable,
            left_out=self._left_out(folder),
            state=state_of(folder),
            octets=folder.octets,
        )

    def _left_out(self, folder: Folder) -> str:
        if folder.foreign:
            return "it is in a shared or another user's namespace"
        # Gmail's \All alone holds what is archived there: a copy too many is better than one too few.
        views = {"\\flagged", "\\important"} if self.gmail else {"\\flagged", "\\all"}
        if folder.special_use in views:
            return f"it is a view ({folder.special_use}) of messages in other folders"
        return ""


def _name(folder: Folder, prefix: str) -> FolderName:
    levels = folder.levels
    if len(levels) == 1 and levels[0].upper() == "INBOX":
        return INBOX
    own = folder.name.removeprefix(prefix) if not folder.foreign and folder.name.startswith(prefix) else ""
    if not own or own.upper() == "INBOX":  # that one is INBOX's own child
        return levels
    return tuple(own.split(folder.delimiter)) if folder.delimiter else (own,)


def _evident_prefix(listing: Listing, delimiter: str) -> str:
    """INBOX and its delimiter, where every other folder stands below INBOX: then none can stand beside it."""
    others = [one for one in listing.folders if one.name.upper() != "INBOX" and not one.foreign]
    prefix = "INBOX" + delimiter
    return prefix if delimiter and others and all(one.name.startswith(prefix) for one in others) else ""


def state_of(folder: Folder) -> FolderState | None:
    """By what a folder is known to have changed; None where the server does not say."""
    if folder.messages is None or folder.uidvalidity is None or folder.uidnext is None:
        return None
    if folder.uidnext > 2**32:  # RFC 3501 section 9: a number beyond every UID says nothing
        return None
    return FolderState(folder.uidvalidity, folder.uidnext, folder.messages, folder.modseq)
