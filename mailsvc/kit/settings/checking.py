"""What is checked of a message beyond its envelope, and what is kept back: viruses, quarantine, rates, DNS.

What a section can check by itself is checked here; what concerns several is checked in `model.py`.
"""

from datetime import timedelta

from pydantic import Field

from filters.verdict import UnscannedAction
from mailsvc.kit.quantities import Duration, Size, parse_duration, parse_size
from mailsvc.kit.rates import Rate, RateLimit
from mailsvc.kit.scanner_places import ScannerPlace
from mailsvc.kit.settings.words import Section


class UnscannedSettings(Section):
    """What happens to a message that no scanner can ever read: refuse, hold or deliver (with a mark)."""

    too_large: UnscannedAction = Field(
        default=UnscannedAction.DELIVER, description="Larger than `size_limit`, or than the scanner's own limit."
    )
    encrypted: UnscannedAction = Field(
        default=UnscannedAction.DELIVER, description="Encrypted parts or archives: only their recipient can read them."
    )
    too_deep: UnscannedAction = Field(
        default=UnscannedAction.REFUSE, description="Nested too deep, or of more parts than anybody writes."
    )
    ambiguous: UnscannedAction = Field(
        default=UnscannedAction.REFUSE, description="MIME that a scanner and a mail program may read differently."
    )


class VirusSettings(Section):
    """The virus check of mail to and from the domains (KY-2 to KY-4)."""

    scanners: tuple[ScannerPlace, ...] = Field(
        default=(),
        description="clamd:/SOCKET or clamd://HOST:PORT, several stand in for one another; yara:/RULES is asked too. "
        "Without any nothing is checked: `lastpost doctor` objects in production.",
    )
    deadline: Duration = Field(
        default=parse_duration("20 s"), gt=timedelta(), description="Longest time for one check; then 451 4.7.1."
    )
    size_limit: Size = Field(
        default=parse_size("25 MB"),
        ge=65_536,
        description="Larger messages are not scanned; at most StreamMaxLength of clamd.",
    )
    unscanned: UnscannedSettings = Field(
        default=UnscannedSettings(), description="What happens to what can never be scanned."
    )
    signatures_age: Duration = Field(
        default=parse_duration("3 days"), gt=timedelta(), description="`lastpost doctor` objects to older signatures."
    )


class QuarantineSettings(Section):
    """Infected mail, and what the operator would not have passed on unscanned."""

    keep_months: int = Field(default=2, ge=1, le=24, description="Calendar months until it is removed.")
    collect: Duration = Field(
        default=parse_duration("24 h"),
        gt=timedelta(),
        description="An address is told of the first message at once; of further ones together, this long after.",
    )


class RateSettings(Section):
    """How much mail is taken in a time; beyond it 450 4.7.1 (KY-5). "" is no limit."""

    sender: RateLimit = Field(
        default=Rate.parse("1000/1 h"),
        description="Recipients of one sender of ours, by way of the submission MTA: COUNT/DURATION.",
    )
    client: RateLimit = Field(
        default=Rate.parse("5000/1 h"), description="Messages of one IP address of the world: COUNT/DURATION."
    )
    refused: RateLimit = Field(
        default=Rate.parse("1000/1 h"),
        description="Recipients refused for good to one IP address of the world; then none is judged for it.",
    )


class ResolverSettings(Section):
    """How DNS is asked: MX of next hops, and what authenticates a sender."""

    servers: tuple[str, ...] = Field(
        default=(),
        description="IP addresses of resolvers, IP or IP@PORT; left out, those of /etc/resolv.conf.",
    )
    timeout: Duration = Field(default=parse_duration("5 s"), gt=timedelta(), description="Longest wait for an answer.")
