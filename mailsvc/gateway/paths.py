"""What MAIL and RCPT say: a path and its parameters, read directly (RFC 5321 4.1.1.2, 4.1.1.3, 4.1.2).

`mail_from(argument, ...)` and `rcpt_to(argument, ...)` take what follows the verb. They raise `Unacceptable`, whose
reply is the answer. Source routes are dropped, the null reverse-path is None, and two old habits are tolerated:
a space before the path, and a path without angle brackets. Local parts such as `a..b.` are real and accepted.
"""

import re
from dataclasses import dataclass
from typing import Final

from filters.replies import Reply
from mailsvc.gateway import answers, dsn
from mailsvc.gateway.outcomes import Unacceptable
from schedules.names import Address, BadName, DomainName

_MAILBOX = r"(?:\"(?:[^\"\\]|\\.)*\"|[^\s<>\"@,:;\\()\[\]]+)@[^\s<>@]+"
# RFC 5321 4.1.2: A-d-l ":" before the mailbox; appendix C: a server drops it.
_ROUTE = r"(?:@[^\s<>@,:]+(?:,@[^\s<>@,:]+)*:)?"
_POSTMASTER = r"(?i:postmaster)"
_PATH: Final = re.compile(rf"(?:<{_ROUTE}(?P<in>{_MAILBOX}|{_POSTMASTER}|)>|(?P<bare>{_MAILBOX}))(?=\s|$)")
_FROM: Final = re.compile(rb"FROM[ \t]*:[ \t]*(.*)", re.IGNORECASE | re.DOTALL)
_TO: Final = re.compile(rb"TO[ \t]*:[ \t]*(.*)", re.IGNORECASE | re.DOTALL)
# RFC 5321 4.1.2: esmtp-keyword and esmtp-value; RFC 6531 3.3 lets values hold UTF-8.
_PARAMETER: Final = re.compile(r"([A-Za-z0-9][A-Za-z0-9-]*)(?:=([^\x00-\x20=\x7f]+))?")
# Also C1, which terminals obey, and the line breaks of Unicode: no name of anybody's holds them.
_CONTROL: Final = re.compile(r"[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029]")


@dataclass(frozen=True, slots=True)
class ReversePath:
    """What MAIL said: None is the null sender `<>`; `size` is the announced size in octets, 0 where none was."""

    address: Address | None
    size: int = 0
    eight_bit: bool = False
    smtputf8: bool = False
    ret: str = ""  # RFC 3461 4.3: full, hdrs, or empty
    envid: str = ""  # RFC 3461 4.4, as it was given


@dataclass(frozen=True, slots=True)
class ForwardPath:
    """What RCPT said; `notify` and `orcpt` are empty where nothing was said."""

    address: Address
    notify: str = ""  # RFC 3461 4.1: never, or a list of success, failure, delay
    orcpt: str = ""  # RFC 3461 4.2, as it was given


def mail_from(argument: bytes, *, extended: bool, notices: bool = False) -> ReversePath:
    """Read `FROM:<path> [parameters]`; `extended`: the client has said EHLO, so parameters are allowed.

    `notices`: it was offered DSN (RFC 3461).
    """
    path, rest = _split(argument, _FROM, answers.SYNTAX_MAIL)
    parameters = _parameters(rest, extended=extended)
    ret, envid = dsn.of_mail(parameters) if notices else ("", "")
    size, eight_bit, smtputf8 = 0, False, False
    for keyword, value in parameters.items():
        if keyword == "SIZE" and value is not None and value.isdecimal() and value.isascii() and len(value) <= 20:
            size = int(value)
        elif keyword == "BODY" and value is not None and value.upper() in {"7BIT", "8BITMIME"}:
            eight_bit = value.upper() == "8BITMIME"
        elif keyword == "SMTPUTF8" and value is None:
            smtputf8 = True
        elif keyword in {"SIZE", "BODY", "SMTPUTF8"}:
            raise Unacceptable(answers.BAD_PARAMETER)
        else:
            raise Unacceptable(answers.UNKNOWN_MAIL_PARAMETER)
    address = _address(path, answers.BAD_SENDER, smtputf8=smtputf8, postmaster=None) if path else None
    return ReversePath(address, size, eight_bit, smtputf8, ret, envid)


def rcpt_to(
    argument: bytes, *, extended: bool, smtputf8: bool, postmaster: DomainName, notices: bool = False
) -> ForwardPath:
    """Read `TO:<path>`; `<postmaster>` without a domain is that of `postmaster` (RFC 5321 4.5.1).

    `notices`: the client was offered DSN (RFC 3461).
    """
    path, rest = _split(argument, _TO, answers.SYNTAX_RCPT)
    if not path:
        raise Unacceptable(answers.BAD_RECIPIENT)
    parameters = _parameters(rest, extended=extended)
    notify, orcpt = dsn.of_rcpt(parameters, smtputf8=smtputf8) if notices else ("", "")
    if parameters:
        raise Unacceptable(answers.UNKNOWN_RCPT_PARAMETER)
    address = _address(path, answers.BAD_RECIPIENT, smtputf8=smtputf8, postmaster=postmaster)
    return ForwardPath(address, notify, orcpt)


def _split(argument: bytes, verb: re.Pattern[bytes], syntax: Reply) -> tuple[str, str]:
    found = verb.fullmatch(argument)
    if not found:
        raise Unacceptable(syntax)
    try:
        text = found[1].decode("utf-8")
    except UnicodeDecodeError:
        raise Unacceptable(answers.NOT_UTF8) from None
    path = _PATH.match(text)
    if not path or _CONTROL.search(text):
        raise Unacceptable(answers.BAD_SENDER if verb is _FROM else answers.BAD_RECIPIENT)
    return path["in"] if path["bare"] is None else path["bare"], text[path.end() :]


def _parameters(rest: str, *, extended: bool) -> dict[str, str | None]:
    found: dict[str, str | None] = {}
    for word in rest.split():
        parameter = _PARAMETER.fullmatch(word)
        if not parameter or not extended or parameter[1].upper() in found:
            raise Unacceptable(answers.BAD_PARAMETER)
        found[parameter[1].upper()] = parameter[2]
    return found


def _address(text: str, bad: Reply, *, smtputf8: bool, postmaster: DomainName | None) -> Address:
    if not smtputf8 and not text.isascii():
        raise Unacceptable(answers.NEEDS_SMTPUTF8)
    if "@" not in text:
        if postmaster is None:
            raise Unacceptable(bad)
        return Address(text, postmaster)
    try:
        return Address.parse(text)
    except BadName:
        raise Unacceptable(bad) from None
