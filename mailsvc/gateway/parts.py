"""What a message's life is built of: the parts of the house that `life.py` asks."""

from collections.abc import Callable, Collection
from dataclasses import dataclass

from mailsvc.kit.metrics import Metrics
from mailsvc.kit.settings import Settings
from mailsvc.kit.telemetry import Log
from mailsvc.outbox.routes import Routes
from mailsvc.records.store import Records
from mailsvc.standing import Verdicts, Watch
from schedules.clock import Clock
from schedules.names import DomainName


@dataclass(frozen=True, slots=True)
class HouseParts:
    """Handed over by the house; `wake_outbox` hears on which lanes mail waits, `closed` whether the host is shut."""

    records: Records
    verdicts: Verdicts
    watch: Watch
    routes: Routes
    clock: Clock
    new_id: Callable[[], str]
    hostname: str
    postmaster_domain: DomainName
    soft_bounce: bool
    metrics: Metrics
    log: Log
    wake_outbox: Callable[[Collection[str]], None]
    closed: Callable[[], bool] = lambda: False


def postmaster_domain(settings: Settings) -> DomainName:
    """The domain of `RCPT TO:<postmaster>`: our host's name if it is ours, else the first exact (RFC 5321 4.5.1)."""
    own = DomainName.parse(settings.service.hostname)
    exact = (pattern for pattern in settings.domains if not pattern.startswith("*."))
    first = next(exact, None)
    return own if settings.domain(own) or first is None else DomainName.parse(first)
