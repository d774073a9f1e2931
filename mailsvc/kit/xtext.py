r"""Text in parameters of SMTP and in reports: xtext (RFC 3461 4), and UTF-8 addresses written in ASCII (RFC 6533 3).

`decode("a+2Bb")` is `a+b`; `plain_address(r"\x{82B1}@b.example")` is the address with its own signs. Both raise
`BadText` for what the grammar forbids and for anything that is not printable once decoded: neither an envelope id nor
an address can bring a line break into a report.
"""

import re
from typing import Final

_XTEXT: Final = re.compile(r"(?:[!-*,-<>-~]|\+[0-9A-F]{2})*")
_HEXCHAR: Final = re.compile(r"\+([0-9A-F]{2})")
# RFC 6533 3: EmbeddedUnicodeChar, without leading zeros; the octets that xtext or the form itself could not hold.
_EMBEDDED: Final = re.compile(r"\\x\{([1-9A-F][0-9A-F]{1,5})\}")


class BadText(ValueError):
    """A value that is no xtext, or no UTF-8 address in one of the forms of RFC 6533."""


def decode(text: str) -> str:
    """What an xtext says: printable ASCII (RFC 3461 4.4). Raises BadText."""
    if not _XTEXT.fullmatch(text):
        raise BadText("this is no xtext")
    return _printable(_HEXCHAR.sub(lambda found: chr(int(found[1], 16)), text), ascii_only=True)


def plain_address(text: str) -> str:
    r"""A UTF-8 address from its forms in RFC 6533 3, as it is or with `\x{HEX}`. Raises BadText."""
    try:
        return _printable(_EMBEDDED.sub(lambda found: chr(int(found[1], 16)), text), ascii_only=False)
    except ValueError as error:
        raise BadText(str(error)) from None


def ascii_address(text: str) -> str:
    r"""A UTF-8 address in ASCII, as `utf-8-addr-xtext` writes it: `\x{HEX}` for what is not ASCII (RFC 6533 3)."""
    return "".join(sign if " " < sign < "\x7f" and sign not in "+=\\" else f"\\x{{{ord(sign):X}}}" for sign in text)


def _printable(text: str, *, ascii_only: bool) -> str:
    if not text or not text.isprintable() or (ascii_only and not text.isascii()):
        raise BadText("this decodes to something that is not printable")
    return text
