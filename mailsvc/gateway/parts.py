"""What a message's life is built of: the parts of the house that `life.py` asks."""

from collections.abc import Callable
from dataclasses import dataclass

from mailsvc.gateway.examination import Examination
from mailsvc.gateway.handoff import Handoff
from mailsvc.gateway.returning import Returning
from mailsvc.kit.metrics import Metrics
from mailsvc.kit.settings import Settings
from mailsvc.kit.telemetry import Log
from mailsvc.notices.keeping import Quarantining
from mailsvc.outbox.routes import Routes
from mailsvc.records.store import Records
from mailsvc.standing import Verdicts, Watch
from schedules.clock import Clock
from schedules.names import DomainName


@dataclass(frozen=True, slots=True)
class HouseParts:
    """Handed over by the house; `settings` are those in force now."""

    records: Records
    settings: Callable[[], Settings]
    verdicts: Verdicts
    examination: Examination
    quarantining: Quarantining
    returning: Returning
    handoff: Handoff
    watch: Watch
    routes: Routes
    clock: Clock
    new_id: Callable[[], str]
    hostname: str
    metrics: Metrics
    log: Log


def postmaster_domain(settings: Settings) -> DomainName:
    """The domain of `RCPT TO:<postmaster>`: our host's name if it is ours, else the first exact (RFC 5321 4.5.1)."""
    own = DomainName.parse(settings.service.hostname)
    exact = (pattern for pattern in settings.domains if not pattern.startswith("*."))
    first = next(exact, None)
    return own if settings.domain(own) or first is None else DomainName.parse(first)
