r"""A response's words: atoms, strings, literals, NIL and lists (RFC 3501 section 9), read without recursion.

    tokens(Response((b'* LIST (\Noselect) "/" "a b"',)))
    # [b"*", b"LIST", [b"\Noselect"], String(b"/"), String(b"a b")]

A status (`* OK still here (`) ends in free text: it has no words here, `answers` reads it.
Raises BadResponse for what cannot be read. What has been read is not checked for sense: whoever asked does that.
"""

import re
from dataclasses import dataclass
from typing import TypeAlias, Union

from migrator.imap.reading import BadResponse, Response, Sink

LENGTH_LIMIT = 1_048_576  # octets of one line: a message with 100,000 keywords, and far less than its words take
DEPTH_LIMIT = 100  # of lists in lists: BODYSTRUCTURE of real mail has a dozen

# A section of a message has brackets, within which spaces and parentheses stand: BODY[HEADER.FIELDS (TO)]<0>. In any
# other atom a bracket is a sign like others: Dovecot lists the folders `[` and `[Gmail]` so.
_WORD = re.compile(
    rb'[ ]*(?:(?P<open>\()|(?P<close>\))|"(?P<quoted>[^"\\]*(?:\\.[^"\\]*)*)"'
    rb'|(?P<atom>(?i:BODY|BINARY(?:\.SIZE)?)\[[^\]]{0,1000}\][^ ()"]*|[^ ()"]+)|(?P<end>$))',
    re.DOTALL,
)
_STATUS = re.compile(rb"[^ ]+ (?:OK|NO|BAD|BYE|PREAUTH)(?: |$)", re.IGNORECASE)
_ESCAPED = re.compile(rb"\\(.)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class String:
    """A quoted string or a kept literal: never NIL, a number or a flag, whatever it looks like."""

    octets: bytes


Token: TypeAlias = Union[bytes, String, Sink, "list[Token]", None]


def tokens(response: Response) -> "list[Token]":
    """The words of a response; an atom is bytes, NIL is None, a literal a String or its sink. Raises BadResponse."""
    if _STATUS.match(response.first):
        return []
    if sum(map(len, response.lines)) > LENGTH_LIMIT:
        raise BadResponse(f"a response of more than {LENGTH_LIMIT} octets beside its literals is to be read")
    stack: list[list[Token]] = [[]]
    for number, line in enumerate(response.lines):
        _read(line, stack)
        if number < len(response.literals):
            literal = response.literals[number]
            stack[-1].append(String(literal) if isinstance(literal, bytes) else literal)
    if len(stack) > 1:
        raise BadResponse("a list is not closed")
    return stack[0]


def _read(line: bytes, stack: "list[list[Token]]") -> None:
    at = 0
    while at < len(line):
        found = _WORD.match(line, at)
        if found is None:
            raise BadResponse(f"this cannot be read: {line[at : at + 40]!r}")
        at = found.end()
        match found.lastgroup:
            case "open":
                _open(stack)
            case "close":
                _close(stack)
            case "quoted":
                quoted = found["quoted"]
                stack[-1].append(String(_ESCAPED.sub(rb"\1", quoted) if b"\\" in quoted else quoted))
            case "atom":
                atom = found["atom"]
                stack[-1].append(None if atom.upper() == b"NIL" else atom)
            case _:
                return


def _open(stack: "list[list[Token]]") -> None:
    if len(stack) > DEPTH_LIMIT:
        raise BadResponse(f"lists are nested deeper than {DEPTH_LIMIT}")
    inner: list[Token] = []
    stack[-1].append(inner)
    stack.append(inner)


def _close(stack: "list[list[Token]]") -> None:
    if len(stack) == 1:
        raise BadResponse("a list is closed that was never opened")
    stack.pop()
