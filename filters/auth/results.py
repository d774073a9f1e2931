"""Authentication-Results (RFC 8601) as our own MTAs have written them at the top of a message.

    for field in ours(octets, {"mx.provider.example"}): field.results

Only the topmost run of fields that bear a name of ours is believed: what stands below another field may have been in
the message when it came. Names are compared without regard to case. Never fails: what cannot be read says nothing.
"""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

# RFC 5322 2.2, possessive so that time stays linear; a line end may be a bare LF.
_FIELD: Final = re.compile(rb"([!-9;-~]++)[ \t]*+:([^\n]*+(?:\n[ \t][^\n]*+)*)\n?")
_NAME: Final = b"authentication-results"
_LIMIT: Final = 16_384  # octets of one field that are read
_FIELDS: Final = 10
# A quoted string, a sign of the grammar, or a word (RFC 8601 2.2).
_TOKEN: Final = re.compile(r'"((?:[^"\\]|\\.)*)"|([;=])|([^\s;="]+)')
_METHOD: Final = re.compile(r"([a-z0-9][a-z0-9-]*)(?:/[0-9]+)?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Result:
    """What one method found."""

    method: str  # spf, dkim, dmarc, … in lower case
    result: str  # pass, fail, … in lower case
    properties: Mapping[str, str]  # `smtp.mailfrom`: its value; names in lower case

    def domain(self, *names: str) -> str:
        """The domain of the first of these properties that is there; empty if none is."""
        value = next((self.properties[name] for name in names if name in self.properties), "")
        return value.rpartition("@")[2].lower().rstrip(".")


@dataclass(frozen=True, slots=True)
class Field:
    """One Authentication-Results field."""

    authserv_id: str
    results: tuple[Result, ...]


def ours(octets: bytes, authserv_ids: Collection[str]) -> Sequence[Field]:
    """The fields that our own MTAs have put on top, topmost first; `octets` begin with the header."""
    wanted = {name.lower() for name in authserv_ids}
    found: list[Field] = []
    for name, value in _fields(octets):
        field = read_field(value) if name.lower() == _NAME else None
        if field is not None and field.authserv_id in wanted and len(found) < _FIELDS:
            found.append(field)
        elif found:
            break
    return found


def read_field(value: bytes) -> Field | None:
    """One field; None where it has no authserv-id."""
    text = _without_comments(value[:_LIMIT].decode("utf-8", "replace"))
    head, *rest = _split(_TOKEN.findall(text))
    if not head:
        return None
    return Field(_word(head[0]).lower(), tuple(result for tokens in rest if (result := _result(tokens)) is not None))


def _fields(octets: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Name and value of each field from the top, until something that is none."""
    position = 0
    while found := _FIELD.match(octets, position):
        yield found[1], found[2]
        position = found.end()


Token = tuple[str, str, str]


def _split(tokens: Sequence[Token]) -> list[list[Token]]:
    groups: list[list[Token]] = [[]]
    for token in tokens:
        if token[1] == ";":
            groups.append([])
        else:
            groups[-1].append(token)
    return groups


def _result(tokens: Sequence[Token]) -> Result | None:
    """`method[/version]=result` and its properties (RFC 8601 2.2); None for `none` and what is no result."""
    pairs = [
        (_word(before), _word(after))
        for before, sign, after in zip(tokens, tokens[1:], tokens[2:], strict=False)
        if sign[1] == "="
    ]
    method = _METHOD.fullmatch(pairs[0][0]) if pairs and len(tokens) > 1 and tokens[1][1] == "=" else None
    if method is None:
        return None
    properties = {name.lower(): value for name, value in reversed(pairs[1:])}
    return Result(method[1].lower(), pairs[0][1].lower(), properties)


def _word(token: Token) -> str:
    return token[2] or re.sub(r"\\(.)", r"\1", token[0])


def _without_comments(text: str) -> str:
    """RFC 5322 3.2.2: comments nest, and none begins in a quoted string."""
    kept, depth, quoted, skip = [], 0, False, False
    for sign in text:
        if skip or sign == "\\":
            skip = not skip
            plain = True
        else:
            plain = quoted or sign not in "()"
            quoted ^= sign == '"' and not depth
        if not plain:
            depth = max(0, depth + (1 if sign == "(" else -1))
        kept.append(sign if plain and not depth else " ")
    return "".join(kept)
