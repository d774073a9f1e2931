"""Whose folders are whose (RFC 2342): what the user's own begin with, and what others' and shared ones begin with."""

from dataclasses import dataclass

from migrator.imap.reading import Response
from migrator.imap.session import Session
from migrator.imap.tokens import Token, tokens
from migrator.imap.words import is_word, name_of, octets_of, text_of


@dataclass(frozen=True, slots=True)
class Namespaces:
    """Beginnings of names, with the delimiter they end in."""

    prefix: str = ""  # of the user's own folders
    delimiter: str = ""
    others: tuple[str, ...] = ()

    def foreign(self, name: str, delimiter: str) -> bool:
        """Whether a folder is another user's or shared."""
        return any(name.startswith(prefix) or name + delimiter == prefix for prefix in self.others)


async def namespaces(session: Session) -> Namespaces:
    """What the server says; where it does not, everything is the user's own."""
    if "NAMESPACE" not in session.can:
        return Namespaces()
    found: list[list[tuple[str, str]]] = []

    def take(response: Response) -> None:
        match tokens(response):
            case [b"*", kind, *lists] if is_word(kind, b"NAMESPACE"):
                found[:] = [_spaces(one, utf8=session.utf8) for one in lists]

    await session.line.ask(b"NAMESPACE", take=take)
    own, *others = found or [[]]
    prefix, delimiter = own[0] if own else ("", "")
    return Namespaces(prefix, delimiter, tuple(name for space in others for name, _ in space if name))


def _spaces(token: Token, *, utf8: bool) -> list[tuple[str, str]]:
    listed = token if isinstance(token, list) else []
    pairs = [one for one in listed if isinstance(one, list) and len(one) >= 2]
    return [(name_of(octets_of(one[0]), utf8=utf8), text_of(one[1])) for one in pairs]
