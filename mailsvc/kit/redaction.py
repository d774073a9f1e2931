"""What must not stand in a log line, taken out of it: secrets by type, by name and inside URLs.

`redact` is the structlog processor. It blanks every `Secret`, every field whose name speaks of a password, token or
the like, and the password of a URL inside a text, down to a few levels of nesting; what lies deeper is not shown.
"""

import re
from collections.abc import Mapping, MutableMapping

from mailsvc.kit.secrets import Secret

BLANK = "***"
_NAMES = re.compile(
    r"passw(?:or)?d|passphrase|secret|token|authorization|cookie|api_?key|private_?key|credential", re.IGNORECASE
)
_URL_PASSWORD = re.compile(r"(?<=://)([^\s/:@]{0,200}):[^\s/@]{1,200}@")
_DEPTH = 6


def redact(_logger: object, _method: str, event: MutableMapping[str, object]) -> MutableMapping[str, object]:
    """The fields of a log line without its secrets."""
    return {name: _field(name, value, _DEPTH) for name, value in event.items()}


def blank_urls(text: str) -> str:
    """`text` with the password of every URL in it blanked."""
    return _URL_PASSWORD.sub(rf"\1:{BLANK}@", text) if "://" in text else text


def _field(name: str, value: object, depth: int) -> object:
    return BLANK if value is not None and _NAMES.search(name) else _value(value, depth)


def _value(value: object, depth: int) -> object:
    if isinstance(value, str):
        return blank_urls(value)
    if value is None or isinstance(value, bool | int | float | BaseException):
        return value
    if isinstance(value, Secret) or not depth:
        return BLANK
    if isinstance(value, Mapping):
        return {str(key): _field(str(key), below, depth - 1) for key, below in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_value(item, depth - 1) for item in value]
    return value
