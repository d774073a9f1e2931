"""Every SMTP answer Lastpost gives, in one place: code, enhanced code, words and the RFC they obey.

A Reply is a value; `str(reply)` is the line without its CRLF. Whatever words go in, the line comes out as
printable ASCII of at most 510 octets (RFC 5321 4.5.3.1.5), so no reply can break the session's framing.
ValueError means that code and enhanced code contradict each other, a mistake of the programmer.
"""

import re
import unicodedata
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from schedules.names import Address
from schedules.text import Text

# RFC 5321 4.5.3.1.5: 512 octets, of which two are the CRLF.
LINE_LIMIT: Final = 510
# Words take at most this many octets, so that a URL of usual length still fits behind them whole.
_WORDS_LIMIT: Final = 240

_ENHANCED = re.compile(r"[245]\.[0-9]{1,3}\.[0-9]{1,3}")
_PUNCTUATION = str.maketrans(
    {
        "\u2018": "'",
        "\u2019": "'",
        "\u201c": '"',
        "\u201d": '"',
        "\u2010": "-",
        "\u2011": "-",
        "\u2013": "-",
        "\u2014": "-",
    }
)
# The 5xx codes whose 4xx namesake means something else or nothing at all (RFC 5321 4.2.3, RFC 7504).
_SOFT_CODE: Final = {552: 452, 521: 421}


def ascii_line(words: str, limit: int) -> str:
    """Fold `words` to one line of printable ASCII of at most `limit` octets.

    Accents fall away, control characters become spaces, and what has no ASCII form is one `?` a run.
    """
    if words.isascii() and words.isprintable() and "  " not in words:
        return words.strip()[:limit].rstrip()  # nothing to fold: the case of every message taken
    plain = unicodedata.normalize("NFKD", words.translate(_PUNCTUATION))
    plain = "".join(sign for sign in plain if not unicodedata.combining(sign))
    plain = re.sub(r"[\x00-\x1f\x7f\s]+", " ", plain)
    return re.sub(r"[^\x20-\x7e]+", "?", plain).strip()[:limit].rstrip()


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer: `enhanced` is empty where RFC 2034 forbids it; `rfc` names the section obeyed."""

    code: int
    enhanced: str
    text: str
    rfc: str

    def __post_init__(self) -> None:
        if not 200 <= self.code <= 599:
            raise ValueError(f"{self.code} is no SMTP reply code")
        if self.enhanced and not (_ENHANCED.fullmatch(self.enhanced) and self.enhanced[0] == str(self.code)[0]):
            raise ValueError(f"the enhanced code {self.enhanced!r} does not fit the code {self.code}")
        object.__setattr__(self, "text", ascii_line(self.text, LINE_LIMIT - len(self._codes())))

    def _codes(self) -> str:
        return f"{self.code} {self.enhanced} " if self.enhanced else f"{self.code} "

    def __str__(self) -> str:
        return self._codes() + self.text

    @property
    def permanent(self) -> bool:
        """Whether the client must not try again as it is (RFC 5321 4.2.1)."""
        return self.code >= 500

    def softened(self) -> "Reply":
        """The same answer as a temporary one, for `soft_bounce`; 2xx, 3xx and 4xx stay as they are."""
        if not self.permanent:
            return self
        soft = _SOFT_CODE.get(self.code, 450 if self.code >= 550 else 451)
        return replace(self, code=soft, enhanced="4" + self.enhanced[1:] if self.enhanced else "")


def _words(reason: str, url: str) -> str:
    words = ascii_line(reason, _WORDS_LIMIT).rstrip(".")
    return f"{words}; see {url}" if url else words


# ── accepted ────────────────────────────────────────────────────────────────────────────────────────────
RECIPIENT_OK: Final = Reply(250, "2.1.5", "Recipient OK", "RFC 3463 3.2")


def sayable(address: Address) -> bool:
    """Whether `address` fits a reply to a client without SMTPUTF8 (RFC 6531 3.7.4.2) unaltered."""
    text = str(address)
    return ascii_line(text, LINE_LIMIT) == text


def forwarded_disclosed(target: Address) -> Reply:
    """251 with the forwarding address, for consented disclosure of a sayable address only (RFC 5321 3.4)."""
    return Reply(251, "2.1.5", f"User not local; will forward to <{target}>", "RFC 5321 3.4")


# ── refused: who and where ──────────────────────────────────────────────────────────────────────────────
UNKNOWN_ADDRESS: Final = Reply(550, "5.1.1", "No such address here", "RFC 3463 3.2")
RELAY_DENIED: Final = Reply(550, "5.7.1", "Relaying denied", "RFC 5321 3.6.2")
MOVED: Final = Reply(550, "5.1.6", "This address is no longer in use", "RFC 3463 3.2")
NULL_MX: Final = Reply(556, "5.1.10", "Recipient domain accepts no mail (null MX)", "RFC 7505 4.2")


def moved_disclosed(target: Address) -> Reply:
    """551 naming the new address, for consented disclosure of a sayable address only (RFC 5321 3.4, KY-16)."""
    return Reply(551, "5.1.6", f"User not local; please try <{target}>", "RFC 5321 3.4")


# ── refused: the end of the service ─────────────────────────────────────────────────────────────────────
def service_ended(reason: Text, notice_url: str) -> Reply:
    """550 per recipient, by plan or by the contract's last day; the host serves others, so not 521 (RFC 7504 3)."""
    return Reply(550, "5.1.6", _words(reason.en, notice_url), "RFC 3463 3.2")


def service_ended_softly(reason: Text, notice_url: str) -> Reply:
    """450 in the first hours of the end and in brown-outs before it."""
    return Reply(450, "4.1.6", _words(reason.en, notice_url), "RFC 3463 3.2")


SUSPENDED: Final = Reply(550, "5.2.1", "This mailbox is suspended", "RFC 3463 3.3")
SUSPENDED_SOFTLY: Final = Reply(450, "4.2.1", "This mailbox is suspended for now", "RFC 3463 3.3")


def send_ended(reason: Text, since: datetime | None) -> Reply:
    """550 to the provider's own submission MTA, with reason and date."""
    when = f"Sending from this address ended {since:%Y-%m-%d %H:%M %z}: " if since else "Sending has ended: "
    return Reply(550, "5.7.1", when + _words(reason.en, ""), "RFC 3463 3.8")


def sender_suspended(reason: Text, since: datetime | None) -> Reply:
    """550 to the provider's own submission MTA for a suspended subscriber (KY-7)."""
    when = f"Sending from this address is suspended since {since:%Y-%m-%d}: " if since else "Sending is suspended: "
    return Reply(550, "5.7.1", when + _words(reason.en, ""), "RFC 3463 3.8")


def send_deferred(reason: Text) -> Reply:
    """450 where the plan takes sending away for a while only."""
    return Reply(450, "4.7.1", "No sending from this address now: " + _words(reason.en, ""), "RFC 3463 3.8")


HOST_CLOSED: Final = Reply(521, "5.3.2", "This host no longer accepts mail", "RFC 7504 3")

# ── quota and size ──────────────────────────────────────────────────────────────────────────────────────
OVER_QUOTA_GRACE: Final = Reply(452, "4.2.2", "Mailbox full", "RFC 3463 3.3")
# RFC 5321 4.5.3.1.10: a 552 to RCPT is read as 452, hence 550.
OVER_QUOTA: Final = Reply(550, "5.2.2", "Mailbox full", "RFC 3463 3.3")
TOO_LARGE: Final = Reply(552, "5.3.4", "Message too big", "RFC 1870 6.1")
TOO_MANY_RECIPIENTS: Final = Reply(452, "4.5.3", "Too many recipients; send the rest again", "RFC 5321 4.5.3.1.10")
OTHER_CONTENT_POLICY: Final = Reply(452, "4.5.3", "Send to this recipient separately", "RFC 3463 3.6")

# ── content ─────────────────────────────────────────────────────────────────────────────────────────────
INFECTED: Final = Reply(554, "5.7.1", "Message refused: it carries malicious content", "RFC 3463 3.8")
UNSCANNED: Final = Reply(550, "5.7.1", "Message refused: it cannot be checked for viruses", "RFC 3463 3.8")
# To the provider's own MTAs alone, whose logs then say where a message went.
QUARANTINED: Final = Reply(250, "2.6.0", "Taken, and kept in quarantine", "RFC 5321 6.1")
HELD: Final = Reply(250, "2.6.0", "Taken, and held for an administrator", "RFC 5321 6.1")
LOOP: Final = Reply(554, "5.4.6", "Mail loop: this message has been here before", "RFC 3463 3.5")
NO_REPORT: Final = Reply(550, "5.7.1", "Only reports on mail forwarded from here are taken", "RFC 3463 3.8")
BARE_NEWLINE: Final = Reply(550, "5.6.11", "Bare CR or LF in the message", "RFC 5321 2.3.8")

# ── not now ─────────────────────────────────────────────────────────────────────────────────────────────
FACTS_AWAY: Final = Reply(451, "4.3.0", "The directory cannot be asked now; try again", "RFC 3463 3.4")
STORE_FULL: Final = Reply(452, "4.3.1", "No room to store mail now; try again", "RFC 3463 3.4")
CLOCK_JUMP: Final = Reply(451, "4.3.0", "The time here is in doubt; try again", "RFC 3463 3.4")
SCANNER_AWAY: Final = Reply(451, "4.7.1", "The virus check is away; try again", "RFC 3463 3.8")
RATE_LIMIT: Final = Reply(450, "4.7.1", "Too much mail in this time; try again later", "RFC 3463 3.8")
INTERNAL_ERROR: Final = Reply(451, "4.3.0", "Local error in processing; try again", "RFC 3463 3.4")
TOO_MANY_CONNECTIONS: Final = Reply(421, "4.7.0", "Too many connections; try again", "RFC 5321 3.8")
SHUTTING_DOWN: Final = Reply(421, "4.3.2", "Service closing for a moment; try again", "RFC 5321 3.8")


def next_hop_refused(enhanced: str) -> Reply:
    """554 in our own words where the provider's next hop refused for good: its own words may name an address."""
    return Reply(
        554,
        enhanced if _ENHANCED.fullmatch(enhanced) and enhanced[0] == "5" else "5.0.0",
        "Refused by the mailbox's server",
        "RFC 3463 2",
    )


def next_hop_deferred(enhanced: str) -> Reply:
    """451 where the provider's next hop will take it later: the client still owns the message."""
    return Reply(
        451,
        enhanced if _ENHANCED.fullmatch(enhanced) and enhanced[0] == "4" else "4.0.0",
        "The mailbox's server asks to try again",
        "RFC 3463 2",
    )


def taken(message_id: str) -> Reply:
    """250 after the end of DATA: the message is safe on disk under `message_id` (RFC 5321 6.1)."""
    return Reply(250, "2.6.0", f"Taken as {message_id}", "RFC 5321 6.1")
