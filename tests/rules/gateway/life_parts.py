"""The parts of a life whose doors lead nowhere: no scanner, no next hop, nobody who writes letters."""

from collections.abc import Callable, Sequence
from random import Random
from typing import cast

from mailsvc.gateway.examination import Examination
from mailsvc.gateway.handoff import Handoff
from mailsvc.gateway.parts import HouseParts
from mailsvc.gateway.returning import Returning
from mailsvc.kit.ids import id_maker
from mailsvc.kit.metrics import Metrics
from mailsvc.kit.settings import Settings
from mailsvc.kit.telemetry import Log
from mailsvc.notices.forward_paused import ForwardPauses
from mailsvc.notices.keeping import Quarantining
from mailsvc.outbox.first_try import FirstTry
from mailsvc.outbox.outbox import Outbox
from mailsvc.outbox.routes import Routes
from mailsvc.records.store import Records
from mailsvc.standing import Verdicts, Watch
from schedules.clock import Clock


class NoNextHop:
    """An outbox that makes no first attempts; `woken` are the lanes on which mail waits."""

    def __init__(self) -> None:
        self.woken: list[str] = []

    def wake(self, lanes: Sequence[str]) -> None:
        self.woken.extend(lanes)

    def first_try(self, *_: object) -> FirstTry | None:
        return None


def parts(
    records: Records,
    settings: Callable[[], Settings],
    verdicts: Verdicts,
    watch: Watch,
    clock: Clock,
    metrics: Metrics,
    log: Log,
    outbox: NoNextHop,
) -> HouseParts:
    return HouseParts(
        records=records,
        settings=settings,
        verdicts=verdicts,
        examination=Examination(
            records,
            scanner=lambda: None,
            policy=dict,
            hop_limit=lambda: 50,
            verdicts=verdicts,
            watch=watch,
            ours=lambda mailbox: settings().domain(mailbox.domain) is not None,
            metrics=metrics,
            monotonic=clock.monotonic,
        ),
        quarantining=cast("Quarantining", None),
        returning=Returning(records, lambda: None, cast("ForwardPauses", None), lambda: "NEW"),
        handoff=Handoff(records, cast("Outbox", outbox), clock, lambda: 30.0, metrics, log),
        watch=watch,
        routes=Routes(settings),
        clock=clock,
        new_id=id_maker(clock, Random(1)),
        hostname="mx.closing.example",
        metrics=metrics,
        log=log,
    )
