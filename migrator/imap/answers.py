"""What ends a command, or greets: OK, NO, BAD, BYE, PREAUTH, with a response code and a text (RFC 3501 7.1).

`answer(response)` reads a tagged or untagged status; None where a response is no status.
"""

import re
from dataclasses import dataclass

from migrator.imap.reading import Response

_STATUS = re.compile(
    rb"(?P<tag>[^ ]+) (?P<word>OK|NO|BAD|BYE|PREAUTH)"
    rb"(?: (?:\[(?P<code>[A-Za-z0-9-]+)(?: (?P<more>[^\]]*))?\] ?)?(?P<text>.*))?",
    re.IGNORECASE | re.DOTALL,
)
_TEXT_LIMIT = 500
_MORE_LIMIT = 262_144  # capabilities and flags of large servers take some thousand octets


@dataclass(frozen=True, slots=True)
class Answer:
    """A status: `code` in upper case without its brackets and `more` what stands behind it, or both empty."""

    tag: str  # * where it is untagged
    word: str  # OK, NO, BAD, BYE or PREAUTH
    code: str = ""
    more: str = ""
    text: str = ""


def answer(response: Response) -> Answer | None:
    """The status that a response is; None where it is something else."""
    found = _STATUS.fullmatch(response.first) if not response.literals else None
    if found is None:
        return None
    code, text = (printable(found[name] or b"") for name in ("code", "text"))
    more = printable(found["more"] or b"", _MORE_LIMIT)
    return Answer(printable(found["tag"]), found["word"].decode("ascii").upper(), code.upper(), more, text)


def printable(octets: bytes, limit: int = _TEXT_LIMIT) -> str:
    """What a server says may end up on a terminal: nothing in it moves the cursor."""
    text = octets[:limit].decode("utf-8", "replace")
    if text.isprintable():
        return text
    return "".join(sign if sign.isprintable() else "\ufffd" for sign in text)
