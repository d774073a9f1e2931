"""Fuzz target: whatever an IMAP server sends is read alike in any slices, or ends in BadResponse; nothing else.

Use: `target(data)` with bytes from a fuzzer, starting from SEEDS. What a reader makes of each response (a message, an
open folder, a status, a number of the deflated stream) raises BadResponse at most, and nothing that may be shown on a
terminal holds what moves its cursor.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress

from migrator.content import Kept
from migrator.imap.answers import answer
from migrator.imap.appending import _each
from migrator.imap.dates import write_date
from migrator.imap.errors import Garbled
from migrator.imap.fetching import Fetched, date_of, fetched
from migrator.imap.folders import Folder, Listing, Opening, _add, _delimiter
from migrator.imap.namespaces import _spaces
from migrator.imap.quota import _resources, _summed
from migrator.imap.reading import BadResponse, Response, ResponseReader
from migrator.imap.tokens import tokens
from migrator.imap.tree import Tree
from migrator.imap.words import atoms, numbers, octets_of

LITERAL, LINE = 2_000, 6_000
SEEDS: list[bytes] = [
    b'* 1 FETCH (UID 7 FLAGS (\\Seen \\Recent $a) INTERNALDATE "17-Jul-1996 02:44:25 -0700" RFC822.SIZE 5)\r\n',
    b"* 1 FETCH (UID 7 FLAGS () BODY[] {5}\r\nab\r\nc RFC822.SIZE 5)\r\nA1 OK [READ-ONLY] done\r\n",
    b'* 2 FETCH (BODY[HEADER.FIELDS (TO)] "x\\"y" UID 8 BODY[]<0> NIL MODSEQ (12))\r\n',
    b"* OK [PERMANENTFLAGS (\\Seen \\*)] limited\r\n* OK [UIDVALIDITY 3857529045] valid\r\n* 172 EXISTS\r\n",
    b"* STATUS {3}\r\na b (MESSAGES 231 UIDNEXT 44292 SIZE 99999999999)\r\n",
    b'* OK Still here (and "there\r\n* NO [ALERT] 90% [full\r\n',
    b"* 3 FETCH (UID 9 BODY[] ~{4+}\r\n\0\0\0\0 FLAGS ())\r\n",
    b'* 4 FETCH (UID 10 INTERNALDATE "31-Feb-0000 99:99:99 +9999" BODY[] {27}\r\nDate: 31 Feb 9999 1:1 +9\r\n\r\n)\r\n',
    b"* SEARCH 2 3 6\r\n* VANISHED (EARLIER) 1:4294967296\r\n+ go on\r\n* BYE [UNAVAILABLE] \x1b[2J\r\n",
    b"* 1 FETCH (UID " + b"9" * 4400 + b")\r\n",
    b"* X " + b"(" * 200 + b")" * 200 + b"\r\n",
    b'* LIST (\\Noselect \\Sent) "/" {3}\r\na\0b\r\n* LSUB () NIL INBOX\r\n* LIST () "xx" "" ("CHILDINFO" ("a"))\r\n',
    b'* NAMESPACE (("" "/")("INBOX." ".")) NIL (("#shared/" "/" "X" ("a")))\r\n* NAMESPACE NIL (NIL) ((NIL NIL))\r\n',
    b'* QUOTA "" (STORAGE 10 9223372036854775808 MESSAGE 1 -1)\r\n* QUOTAROOT INBOX ""\r\n',
    b"A1 OK [APPENDUID 7 1:4294967295] x\r\nA2 OK [APPENDUID 99999999999 3,9,4:2] x\r\nA3 NO [REFERRAL imap://a] x\r\n",
    b"* OK [UIDNEXT 18446744073709551616] x\r\n* OK [UIDVALIDITY 0] x\r\n* OK [CAPABILITY " + b"X " * 900 + b"] x\r\n",
    b"* 1 FETCH (UID 0 UID 4294967296 FLAGS (\0 \xff NIL {1}\r\n)) BODY[] (a) INTERNALDATE NIL RFC822.SIZE -1)\r\n",
    b'* 1 FETCH (UID 1 INTERNALDATE "01-Jan-0001 00:00:00 +2359" BODY[] {-1}\r\n',
    b"* 2 FETCH (BODY[] {9223372036854775808}\r\n",
]


class _Sink:
    """A literal that is written elsewhere."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.taken = bytearray()

    def write(self, octets: bytes) -> None:
        self.taken += octets

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Sink) and (self.size, self.taken) == (other.size, other.taken)

    def __hash__(self) -> int:
        return self.size


def target(data: bytes) -> None:
    """Read `data` as what a server says."""
    whole = _responses(data, len(data) or 1)
    for size in (1, 7, 64):
        _hold(_responses(data, size) == whole, f"slices of {size} are read differently")
    opening = Opening(Folder(b"x", "x", "/", frozenset()))
    for response in whole[0]:
        _understood(response, opening)
    with suppress(Garbled):
        opening.opened()


def _responses(data: bytes, size: int) -> tuple[list[Response], bool]:
    """All that can be read of it, and whether it ended in BadResponse."""
    reader = ResponseReader(_Sink, kept=20, line_limit=LINE)
    found: list[Response] = []
    try:
        for start in range(0, len(data), size):
            found += reader.feed(data[start : start + size])
    except BadResponse:
        # What came before it in the same slice has been given to whoever asked, one by one.
        return [], True
    return found, False


def _understood(response: Response, opening: Opening) -> None:
    readers: Sequence[Callable[[Response], object]] = (fetched, opening.take, _counted, _listed, _spaced, _roomed)
    for read in readers:
        with suppress(BadResponse):
            found = read(response)
            if isinstance(found, Fetched):
                _hold(write_date(date_of(found)).isascii(), "a date goes out again")
                _hold(found.size is None or found.size < 2**62, "sizes can be summed")
                content = found.content()
                _hold(not isinstance(content, Kept) or content.size >= 0, "a message has its size")
    said = answer(response)
    if said is not None:
        tokens(response)  # what a status says is free text: never a reason to end the line
        shown = said.tag + said.word + said.code + said.more + said.text
        _hold(shown.isprintable(), "what is shown moves no cursor")
        for one in (one for count in (1, 3) for one in _each(said, count)):
            _hold(one.uid is None or 0 < one.uid < 2**32, "a UID is one that a message can have")


def _counted(response: Response) -> None:
    for token in tokens(response):
        if isinstance(token, list):
            numbers(token)


def _listed(response: Response) -> None:
    match tokens(response):
        case [b"*", kind, list() as flags, delimiter, name, *_]:
            found: dict[bytes, Folder] = {}
            _add(found, kind, atoms(flags), _delimiter(delimiter), octets_of(name), utf8=False)
            for folder in Tree.of(Listing(tuple(found.values())), utf8=False).folders:
                _hold(bool(folder.name), "a folder has a name")


def _spaced(response: Response) -> None:
    for one in tokens(response):
        _spaces(one, utf8=True)


def _roomed(response: Response) -> None:
    for one in tokens(response):
        if isinstance(one, list):
            _summed(_resources(one))


def _hold(held: bool, what: str) -> None:
    if not held:
        raise AssertionError(what)
