"""Which parts of a file are asked for, as far as they make sense (RFC 9110 14.2).

    asked_for("bytes=100-", 1000)      # the same; None: the whole file is sent

What cannot be read, names another unit or too many parts is ignored, as the RFC has it; of several parts those beyond
the end are left out. Never fails.
"""

import re

_RANGES = re.compile(r"bytes=(?P<parts>[0-9, \t-]{1,500})", re.IGNORECASE)
_PART = re.compile(r"(?P<first>[0-9]{0,18})-(?P<last>[0-9]{0,18})")
_MOST = 16  # parts of one answer


def asked_for(header: str, size: int) -> str | None:
    """The header with what can be answered; where nothing lies within the file, its first part, to be refused."""
    found = _RANGES.fullmatch(header)
    parts = [_PART.fullmatch(one.strip()) for one in found["parts"].split(",")] if found else []
    asked = [(one["first"], one["last"]) for one in parts if one is not None]
    if not asked or len(asked) < len(parts) or len(asked) > _MOST or not all(_is_right(*one) for one in asked):
        return None
    within = [one for one in asked if _is_within(*one, size)] or asked[:1]
    return "bytes=" + ",".join("-".join(one) for one in within)


def _is_right(first: str, last: str) -> bool:
    if not first:
        return bool(last)
    return not last or int(first) <= int(last)


def _is_within(first: str, last: str, size: int) -> bool:
    return int(first) < size if first else int(last) > 0
