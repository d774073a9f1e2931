"""What responses about folders are made of: words, names, flags and numbers, out of tokens."""

from collections.abc import Iterable, Mapping

from migrator.folder_names import decoded
from migrator.imap.reading import BadResponse
from migrator.imap.tokens import String, Token

LARGEST = 2**63 - 1
DIGITS = 19


def is_word(token: Token, *words: bytes) -> bool:
    """Whether an atom is one of these words, in any case."""
    return isinstance(token, bytes) and token.upper() in words


def atoms(words: Iterable[Token]) -> frozenset[str]:
    """The atoms among words, in lower case."""
    return frozenset(word.decode("ascii", "replace").lower() for word in words if isinstance(word, bytes))


def octets_of(token: Token) -> bytes:
    """A name: an atom, a string or a literal; NIL, which is no name, is read as the atom it was written as."""
    match token:
        case String(octets):
            return octets
        case bytes():
            return token
        case None:
            return b"NIL"
        case _:
            raise BadResponse("a name is expected where something else stands")


def text_of(token: Token) -> str:
    """A string, or nothing where NIL stands."""
    return "" if token is None else octets_of(token).decode("ascii", "replace")


def name_of(wire: bytes, *, utf8: bool) -> str:
    """What a name says; one that is in no known form says its octets, so that it can still be told from others."""
    if utf8:
        return wire.decode("utf-8", "backslashreplace")
    read = decoded(wire)
    return read if read is not None else wire.decode("utf-8", "backslashreplace")


def number_of(token: Token) -> int | None:
    """A number of at most 63 bits (RFC 9051 section 9); None for anything else, however many digits it has."""
    if not isinstance(token, bytes) or not token.isdigit() or len(token) > DIGITS:
        return None
    number = int(token)
    return number if number <= LARGEST else None


def numbers(items: list[Token]) -> Mapping[str, int]:
    """Names and numbers that stand in turn, as in STATUS."""
    names, values = items[::2], items[1::2]
    return {
        name.decode("ascii", "replace").upper(): number
        for name, value in zip(names, values, strict=False)
        if isinstance(name, bytes) and (number := number_of(value)) is not None
    }
