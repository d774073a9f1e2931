"""Domain names and mail addresses, parsed once and then trusted everywhere.

`DomainName.parse` and `Address.parse` raise `BadName`, whose message is fit for the person who typed it.
Two addresses are the same mailbox when they are equal: domains are kept as lower-case A-labels (RFC 5890),
local parts as written, compared by `key` without regard to case.
Local parts that RFC 5321 forbids but that real mailboxes have (`a..b.`) are accepted.
"""

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

import idna

# RFC 5321 4.5.3.1.1 and 4.5.3.1.2, in octets: mailboxes of ours keep to both.
LOCAL_PART_LIMIT = 64
DOMAIN_LIMIT = 255
LABEL_LIMIT = 63  # RFC 1035 2.3.4
# Elsewhere, bounce addresses of lists and rewritten senders (SRS) are longer than RFC 5321 foresees, and real: they
# send mail, and notices are sent to them.
LONGEST_LOCAL_PART = 2_048

_DOTS = re.compile("[.\u3002\uff0e\uff61]")  # RFC 3490 3.1
_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")
_LITERAL = re.compile(r"\[(?:[0-9]{1,3}(?:\.[0-9]{1,3}){3}|IPv6:[0-9A-Fa-f:.]{2,45})\]")
# RFC 5322 atext and RFC 6531 UTF8-non-ascii; dots may stand anywhere, as old mobile addresses have them.
_ATOM_LOCAL = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.\-\u0080-\U0010ffff-]+")
# RFC 5321 4.1.2 Quoted-string: printable, with quoted-pairs.
_QUOTED_LOCAL = re.compile(r'"(?:[^"\\\x00-\x1f\x7f]|\\[\x20-\x7e])*"')


class BadName(ValueError):
    """A text that is no domain name or no address; the message says why."""


@dataclass(frozen=True, slots=True, order=True)
class DomainName:
    """A domain name as lower-case A-labels without a trailing dot, or an address literal in brackets."""

    ascii: str

    @classmethod
    def parse(cls, text: str) -> "DomainName":
        """Read a domain name typed by a person or sent by a client.

        Raises BadName where a label is empty, too long or not a host label (RFC 5321 2.3.5).
        """
        return _domain(text)

    @property
    def is_literal(self) -> bool:
        """Whether this is an address literal such as `[192.0.2.1]` (RFC 5321 4.1.3)."""
        return self.ascii.startswith("[")

    def within(self, parent: "DomainName") -> bool:
        """Whether this name lies below `parent`; the apex does not lie below itself."""
        return self.ascii.endswith("." + parent.ascii)

    def __str__(self) -> str:
        return self.ascii


@lru_cache(maxsize=65_536)
def _domain(text: str) -> DomainName:
    if _LITERAL.fullmatch(text):
        return DomainName(text)
    name = text.removesuffix(".")
    # Before IDNA: what is too long stays so, and encoding a stranger's endless label costs much time.
    if len(name) > DOMAIN_LIMIT or not all(len(label) <= LABEL_LIMIT for label in _DOTS.split(name)):
        raise BadName(f"the domain name is longer than {DOMAIN_LIMIT} octets, or a part of it than {LABEL_LIMIT}")
    if not name.isascii():
        try:
            name = idna.encode(name, uts46=True).decode("ascii")
        except idna.IDNAError as error:
            raise BadName(f"{text!r} is not an internationalised domain name: {error}") from None
    name = name.lower()
    if len(name) > DOMAIN_LIMIT:
        raise BadName(f"the domain name is longer than {DOMAIN_LIMIT} octets")
    if not name or not all(_LABEL.fullmatch(label) for label in name.split(".")):
        raise BadName(f"{text!r} is not a domain name")
    return DomainName(name)


@dataclass(frozen=True, slots=True)
class Address:
    """A mail address: the local part as written (unquoted) and its domain."""

    local: str
    domain: DomainName

    @classmethod
    def parse(cls, text: str, *, longest: int = LONGEST_LOCAL_PART) -> "Address":
        """Read `local@domain`, the local part an atom or a quoted string (RFC 5321 4.1.2, RFC 6531 3.3).

        `longest` is the limit of the local part in octets: for a mailbox of ours it is LOCAL_PART_LIMIT.
        Raises BadName, saying what is wrong.
        """
        local, at, domain = text.rpartition("@")
        if not at or not local:
            raise BadName(f"{text!r} is not an address: it needs the form local@domain")
        if local.startswith('"'):
            if not _QUOTED_LOCAL.fullmatch(local):
                raise BadName(f"{text!r}: the quoted local part is not closed or holds a control character")
            local = re.sub(r"\\(.)", r"\1", local[1:-1])
        elif not _ATOM_LOCAL.fullmatch(local):
            raise BadName(f"{text!r}: the local part holds a character that must be quoted")
        if len(local.encode("utf-8", "surrogatepass")) > longest:
            raise BadName(f"the local part is longer than {longest} octets")
        return cls(local, _domain(domain))

    @property
    def key(self) -> str:
        """The local part by which mailboxes are told apart: NFC, without regard to case."""
        return self.local.lower() if self.local.isascii() else unicodedata.normalize("NFC", self.local).casefold()

    @property
    def is_ascii(self) -> bool:
        """Whether it can be sent without SMTPUTF8 (RFC 6531)."""
        return self.local.isascii()

    def same_mailbox(self, other: "Address") -> bool:
        """Whether both name the same mailbox."""
        return self.domain == other.domain and self.key == other.key

    def __str__(self) -> str:
        if _ATOM_LOCAL.fullmatch(self.local):
            return f"{self.local}@{self.domain}"
        quoted = re.sub(r'(["\\])', r"\\\1", self.local)
        return f'"{quoted}"@{self.domain}'
