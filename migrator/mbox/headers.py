"""What mail programs write into the headers of messages in an mbox, and by what a message is known there.

    flags_in(head)                       # of Status, X-Status, X-Keywords and X-Mozilla-Status
    identity(head_and_rest)              # SHA-256 of all but those headers, which change as mail is read
    is_internal(head)                    # what Dovecot, UW IMAP and Pine put in front of the first message

These headers stay in the message: its octets are what stands in the file. Pure.
"""

import hashlib
import re
from collections.abc import Iterable, Iterator

HEAD = 262_144  # octets in which headers are looked for
_STATE = rb"status|x-status|x-keywords|x-uid|x-imap|x-imapbase|content-length|x-mozilla-status2?|x-mozilla-keys|lines"
_CHANGING = re.compile(rb"(?:\A|(?<=\n))(?:%s):[^\n]*\n(?:[ \t][^\n]*\n)*" % _STATE, re.IGNORECASE)
_SAID = re.compile(rb"(?:\A|\n)(status|x-status|x-keywords|x-mozilla-status):[ \t]*([^\r\n]*)", re.IGNORECASE)
_END = re.compile(rb"\A\r?\n|\n\r?\n")
_INTERNAL = re.compile(rb"(?:\A|\n)x-imap:[ \t]*[0-9]", re.IGNORECASE)
_INTERNAL_SUBJECT = b"\nSubject: DON'T DELETE THIS MESSAGE -- FOLDER INTERNAL DATA"
_LETTERS = {b"R": "\\Seen", b"A": "\\Answered", b"F": "\\Flagged", b"T": "\\Draft", b"D": "\\Deleted"}
_BITS = {0x1: "\\Seen", 0x2: "\\Answered", 0x4: "\\Flagged", 0x8: "\\Deleted", 0x1000: "$Forwarded"}
_KEYWORD = re.compile(rb"[A-Za-z0-9$_.:/+-]{1,100}")


def header_of(octets: bytes) -> bytes:
    """The header of a message that begins so, with the empty line behind it."""
    end = _END.search(octets)
    return octets[: end.end()] if end else octets


def flags_in(octets: bytes) -> frozenset[str]:
    """The flags that a message's header tells; one that tells several times counts with all."""
    found: set[str] = set()
    for name, value in _SAID.findall(header_of(octets)):
        match name.lower():
            case b"x-keywords":
                found |= {word.decode("ascii") for word in value.split() if _KEYWORD.fullmatch(word)}
            case b"x-mozilla-status":
                found |= _mozilla(value)
            case _:
                found |= {flag for letter, flag in _LETTERS.items() if letter in value.upper()}
    return frozenset(found)


def is_internal(octets: bytes) -> bool:
    """Whether this is a note of a mail program to itself, which it shows to nobody."""
    header = header_of(octets)
    return _INTERNAL_SUBJECT in b"\n" + header and _INTERNAL.search(header) is not None


def identity(chunks: Iterable[bytes]) -> bytes:
    """By what a message is known as long as it is in the file, whoever reads or flags it there."""
    whole = hashlib.sha256()
    head, rest = _begun(iter(chunks))
    header = header_of(head)
    whole.update(_CHANGING.sub(b"", header))
    whole.update(head[len(header) :])
    for chunk in rest:
        whole.update(chunk)
    return whole.digest()


def _begun(chunks: Iterator[bytes]) -> tuple[bytes, Iterator[bytes]]:
    """The first octets together, and the rest."""
    head = b""
    while len(head) < HEAD and (chunk := next(chunks, b"")):
        head += chunk
    return head, chunks


def _mozilla(value: bytes) -> set[str]:
    try:
        bits = int(value[:8], 16)
    except ValueError:
        return set()
    return {flag for bit, flag in _BITS.items() if bits & bit}
