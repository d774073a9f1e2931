"""The parameters by which our own MTAs say what they want to be told (RFC 3461 4): RET, ENVID, NOTIFY, ORCPT.

`of_mail(parameters)` and `of_rcpt(parameters, ...)` take theirs out of what a command carried; the rest is left to the
caller. They raise `Unacceptable` with 501 for a value that the grammar forbids. Only our own MTAs are offered this:
who takes DSN from the world owes it reports.
"""

import re
from typing import Final

from mailsvc.gateway import answers
from mailsvc.gateway.outcomes import Unacceptable
from mailsvc.kit.xtext import BadText, decode, plain_address

ENVID_LIMIT: Final = 100  # RFC 3461 4.4
ORCPT_LIMIT: Final = 500  # RFC 3461 5
_NOTICES: Final = ("success", "failure", "delay")
_ADDRESS_TYPE: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,38}[A-Za-z0-9])?")

Parameters = dict[str, str | None]


def of_mail(parameters: Parameters) -> tuple[str, str]:
    """RET and ENVID: `full`, `hdrs` or empty, and the envelope id as it was given."""
    ret = _value(parameters, "RET").lower()
    if ret not in {"", "full", "hdrs"}:
        raise Unacceptable(answers.BAD_PARAMETER)
    envid = _value(parameters, "ENVID")
    if envid:
        _readable(envid, ENVID_LIMIT)
    return ret, envid


def of_rcpt(parameters: Parameters, *, smtputf8: bool) -> tuple[str, str]:
    """NOTIFY and ORCPT: `never`, a list of success, failure, delay in this order, or empty; ORCPT as it was given."""
    return _notify(_value(parameters, "NOTIFY")), _orcpt(_value(parameters, "ORCPT"), smtputf8=smtputf8)


def _notify(value: str) -> str:
    words = value.lower().split(",") if value else []
    if words == ["never"]:
        return "never"
    if not all(word in _NOTICES for word in words):  # RFC 3461 4.1: NEVER stands alone
        raise Unacceptable(answers.BAD_PARAMETER)
    return ",".join(notice for notice in _NOTICES if notice in words)


def _orcpt(value: str, *, smtputf8: bool) -> str:
    if not value:
        return ""
    kind, _, address = value.partition(";")
    if not _ADDRESS_TYPE.fullmatch(kind):
        raise Unacceptable(answers.BAD_PARAMETER)
    if kind.lower() != "utf-8":
        _readable(address, ORCPT_LIMIT)
    elif not smtputf8 and not address.isascii():  # RFC 6533 3: as it is only where SMTPUTF8 is spoken
        raise Unacceptable(answers.BAD_PARAMETER)
    else:
        _readable_utf8(address, ORCPT_LIMIT)
    return value


def _value(parameters: Parameters, keyword: str) -> str:
    """Take a parameter out; empty where it was not given, 501 where it has no value."""
    if keyword not in parameters:
        return ""
    value = parameters.pop(keyword)
    if value is None:
        raise Unacceptable(answers.BAD_PARAMETER)
    return value


def _readable(text: str, limit: int) -> None:
    try:
        if len(text) <= limit and decode(text):
            return
    except BadText:
        pass
    raise Unacceptable(answers.BAD_PARAMETER)


def _readable_utf8(text: str, limit: int) -> None:
    try:
        if len(text.encode()) <= limit and plain_address(text):
            return
    except BadText:
        pass
    raise Unacceptable(answers.BAD_PARAMETER)
