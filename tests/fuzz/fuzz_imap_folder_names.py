"""Fuzz target: any octets as names of folders are kept apart, sent back as they were, and never leave a Maildir.

Use: `target(data)` with bytes from a fuzzer, starting from SEEDS: the first octet is the server's delimiter, the first
line behind it the prefix of its namespace, and each line more a name that it lists.
"""

from pathlib import PurePosixPath

from migrator.folder_names import BadFolderName, decoded, encoded, quoted
from migrator.imap.folders import Folder, Listing
from migrator.imap.reading import Response
from migrator.imap.tokens import String, tokens
from migrator.imap.tree import Tree
from migrator.imap.words import name_of
from migrator.mailbox import INBOX, FolderName, NameRules
from migrator.maildir.folders import LONGEST, directory_name, name_length
from migrator.naming import named, plainly_named

ROOT = PurePosixPath("/mail/box")
SERVERS = (NameRules(delimiter="/"), NameRules(delimiter=".", forbidden=frozenset('*%"\\')), NameRules(delimiter=""))
SEEDS: list[bytes] = [
    b'/\nINBOX\nSent\nA/B c\n&U,BTFw-/&ZeVnLIqe-\nx\\y\n"q"\n',
    b".INBOX.\nINBOX\nINBOX.INBOX\nINBOX.Sent\nSent\nINBOX.a\ninbox\nINBOX.\nINBOX..\n",
    b"/\n../../etc/passwd\n/etc/passwd\n.\n..\n./.\n~root\na//b\n/\n",
    b"/\na\\2eb\na.b\na\\5c2eb\na\\2fb\n\\2e\\2e\n..\\2f..\n",
    b"\0INBOX.\n&\n&AAA\n&2D0-\n&-&-\n\xff\xfe\n\xc3\x28\n&AC8-&AC4-&AC4-\n&AAA-\n",
    "/\n台北\n台 北\ne\u0301\né\nInbox/x\nINBOX/X\n".encode(),
    b"/\n" + b"n" * 300 + b"\n" + b"n" * 299 + b"\n" + b"a/" * 200 + b"\n",
]


def target(data: bytes) -> None:
    """Read `data` as what a server lists, and name its folders for targets of every kind."""
    first, *lines = data[1:].split(b"\n")
    delimiter = data[:1].decode("latin-1").replace("\0", "").replace('"', "")
    for utf8 in (False, True):
        folders = [Folder(wire, name_of(wire, utf8=utf8), delimiter, frozenset()) for wire in dict.fromkeys(lines[:20])]
        prefix = first[:40].decode("latin-1") if delimiter else ""
        tree = Tree.of(Listing(tuple(folders), prefix, delimiter), utf8=utf8)
        _kept_apart(tree, folders)
        names = list(tree.known)
        for rules in (*SERVERS, tree.rules, NameRules(delimiter="/", longest=LONGEST, length=name_length)):
            _mapped(names, rules)
    for wire in lines[:20]:
        _written(wire)


def _kept_apart(tree: Tree, folders: list[Folder]) -> None:
    _hold(len(tree.known) == len(folders), "a folder is hidden by another")
    for name, folder in tree.known.items():
        _hold(tree.wire(name) == folder.wire, "a folder is asked for by another name than it has")
        _hold(name == INBOX or len(name) != 1 or name[0].upper() != "INBOX" or INBOX in tree.known, "INBOX is INBOX")


def _mapped(names: list[FolderName], rules: NameRules) -> None:
    there = named(names, rules, {})
    _hold(set(there) == set(names), "a folder has no name there")
    inboxes = [name for name in names if name[0].upper() == "INBOX" and len(name) == 1]
    _hold(len(set(there.values())) >= len(names) - max(0, len(inboxes) - 1), "two folders become one")
    for name in (*there.values(), *plainly_named(names, there).values()):
        _hold(bool(name) and all(name), "a level is empty")
        _hold(all(level.strip() not in {".", ".."} for level in name), "a level leads elsewhere")
        _hold(not any(sign < " " for level in name for sign in level), "a control character goes to the target")
    for name in there.values():
        _hold(rules.length(name) <= rules.longest or name == INBOX, "a name is too long")
        _within(name)


def _within(name: FolderName) -> None:
    """A folder of a Maildir is a directory in its root, and in nothing else."""
    try:
        directory = directory_name(name)
    except BadFolderName:
        return
    path = ROOT / directory
    _hold(path in {ROOT, ROOT / path.name} and "/" not in directory and directory not in {".", ".."}, "it is outside")


def _written(wire: bytes) -> None:
    read = decoded(wire)
    _hold(read is None or encoded(read) == wire, "a name has two forms")
    try:
        said = quoted(wire)
    except BadFolderName:
        return
    _hold(tokens(Response((said,))) == [String(wire)], "a name leaves its quotes")


def _hold(held: bool, what: str) -> None:
    if not held:
        raise AssertionError(what)
