"""Why a move stands still, in a word that programs and reports in every language read: one of a closed set.

    raise MailboxRefused(sentence, reason=Code.LOGIN, place="imap.old.example:993", said="Invalid credentials")
    Reason(Code.LOGIN, place, said)        # as it is kept and told

The sentence of an error is for logs and terminals; `said` is what a server itself answered, in its own language. A
word never changes its meaning: scripts and records keep it. Never fails.
"""

# ruff: noqa: S105 -- words for what is missing: none of them opens anything

from dataclasses import dataclass
from enum import StrEnum


class Code(StrEnum):
    """What it is."""

    # What may pass by itself.
    AWAY = "away"  # a server or mailbox cannot be reached, or the connection broke
    BUSY = "busy"  # the server asks for patience
    HOST_RESTS = "host-rests"  # the server has asked other moves for patience
    DAY_USED = "day-used"  # a mailbox has moved what its provider allows in a day
    IN_USE = "in-use"  # another program has the mailbox
    FULL = "full"  # the target has no room
    DISK_FULL = "disk-full"  # this machine has none
    CHANGED = "changed"  # a folder was changed while it was moved
    RECORDS = "records"  # our own records are away
    NO_TOKEN_NOW = "no-token-now"  # nobody gives a token now
    # What a person has to put right.
    LASTED = "lasted"  # what may pass has lasted for days
    LOGIN = "login"  # user or password is not taken
    LOGIN_WAY = "login-way"  # the server offers no way to log in that we have
    DECLINED = "declined"  # the server refused something else
    CERTIFICATE = "certificate"  # the server's certificate is not to be trusted
    TLS = "tls"  # there is no TLS that both sides speak
    PROTOCOL = "protocol"  # something else than a mail server answers
    HOST = "host"  # there is no such host
    URL = "url"  # the URL names nothing that can be used so
    NO_SECRET = "no-secret"  # a password is needed, and there is none
    SECRET = "secret"  # the sealed password cannot be opened
    TOKEN = "token"  # there will be no token
    FILE = "file"  # a file or folder cannot be used
    ARCHIVE = "archive"  # an archive is damaged, or none of ours
    COUNT = "count"  # the numbers of a move do not add up
    REFUSED = "refused"  # the mailbox does not take it for another reason
    FAULT = "fault"  # a fault of the program


@dataclass(frozen=True, slots=True)
class Reason:
    """Why, where, and what a server itself said of it; "" where nobody knows or nothing was said."""

    code: Code
    place: str = ""
    said: str = ""


class Reasoned(Exception):
    """An error that knows its reason; `reason` is None where its type tells enough."""

    def __init__(self, message: str, *, reason: Code | None = None, place: str = "", said: str = "") -> None:
        super().__init__(message)
        self.reason = reason
        self.place = place
        self.said = said
