"""Everybody who writes: notices, quota warnings, forwards that rest, deeds at a stage, reports to senders."""

from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime

from filters.auth.judge import Authenticator
from filters.auth.organisations import Organisations
from mailsvc.alarm.role import AlarmRole
from mailsvc.deeds.carry import Carrier
from mailsvc.deeds.gate_counts import Sources
from mailsvc.deeds.gates import Gates
from mailsvc.deeds.hold_told import HoldTold
from mailsvc.deeds.tell_administrators import TellAdministrators
from mailsvc.house.ground import Ground, letters_from
from mailsvc.house.takehome import export_time, running_exports
from mailsvc.notices.forward_paused import ForwardPauses
from mailsvc.notices.keeping import Quarantining
from mailsvc.notices.notices import Notices
from mailsvc.notices.quarantined import Quarantined
from mailsvc.notices.quota_warnings import QuotaWarnings, Wording
from mailsvc.returns.addressee import Addressees
from mailsvc.returns.bounced import Bounced
from mailsvc.returns.dsns import Dsns
from mailsvc.returns.returner import Pace, Returner
from mailsvc.standing.almanac import edition_of
from mailsvc.standing.own_mail import OwnMail
from schedules.names import Address
from schedules.words import Stage


@dataclass(frozen=True, slots=True)
class Writing:
    """Everybody who writes."""

    notices: Notices
    quarantining: Quarantining
    warnings: QuotaWarnings
    pauses: ForwardPauses
    returner: Returner
    bounced: Bounced | None


class Scribes:
    """Makes them; `wake` hears on which lanes their letters wait."""

    def __init__(self, ground: Ground, wake: Callable[[Collection[str]], None]) -> None:
        self.ground = ground
        self.frame = ground.frame
        self.service = ground.frame.settings.service
        self.wake = wake

    def all(self) -> Writing:
        """Each of them."""
        return Writing(*self._notices(), self._warnings(), self._pauses(), self._returner(), self._bounced())

    def _notices(self) -> tuple[Notices, Quarantining]:
        ground, live = self.ground, self.frame.live
        kind = Quarantined(
            collect=lambda: live.now.quarantine.collect, zone=self.service.zoneinfo, host=self.service.hostname
        )
        notices = Notices(
            ground.records,
            ground.post,
            [kind],
            self.frame.log,
            now=ground.now,
            ours=ground.ours,
            wake_outbox=self.wake,
        )
        zone = self.service.zoneinfo
        return notices, Quarantining(ground.records, notices, kind, lambda: live.now.quarantine.keep_months, zone)

    def _warnings(self) -> QuotaWarnings:
        ground = self.ground
        wording = Wording(
            self.service.hostname,
            self.service.zoneinfo,
            lambda mailbox: ground.almanac.of(mailbox.domain).stage_instant(Stage.RECEIVE_END),
        )
        return QuotaWarnings(
            ground.records,
            ground.post,
            lambda: self.frame.settings.quota,
            ground.used,
            ground.now,
            wording,
            self.frame.log,
            wake_outbox=self.wake,
        )

    def _pauses(self) -> ForwardPauses:
        return ForwardPauses(
            self.ground.records,
            self.ground.post,
            self.ground.standings.forwarder,
            self.frame.log,
            host=self.service.hostname,
            zone=self.service.zoneinfo,
        )

    def _returner(self) -> Returner:
        ground, frame, bounces = self.ground, self.frame, self.frame.settings.bounces
        threads = frame.stack.enter_context(ThreadPoolExecutor(1, "dkim"))
        authenticator = Authenticator(
            ground.dns,
            Organisations(),
            threads,
            is_ours=ground.ours,
            authserv_ids=bounces.authserv_ids,
        )
        ways = OwnMail(ground.standings, ground.routes, ground.now)
        dsns = Dsns(ground.records, self._author(), self.service.hostname, self.service.zoneinfo, frame.new_id)
        return Returner(
            ground.records,
            Addressees(ground.records, authenticator.of, ways),
            dsns,
            now=ground.now,
            pace=Pace(delay_notice=bounces.delay_notice),
            sent=self.wake,
            log=frame.log,
        )

    def _bounced(self) -> Bounced | None:
        if self.ground.srs is None:
            return None
        return Bounced(
            self.ground.records,
            self.ground.srs,
            author=self._author(),
            hostname=self.service.hostname,
            zone=self.service.zoneinfo,
        )

    def _author(self) -> Address:
        return letters_from(self.frame.settings)


def alarm(ground: Ground) -> AlarmRole:
    """Deeds at the stages of plans."""
    frame, service = ground.frame, ground.frame.settings.service
    told, host = service.administrators, service.hostname
    sources = Sources(lambda: frame.settings.records.keep_traces, running_exports(frame.settings))
    kinds = (
        TellAdministrators(ground.records, ground.post, told, host=host),
        Gates(ground.records, ground.post, sources, told, edition_of, host=host),
        HoldTold(ground.post, told, host=host),
        export_time(ground),
    )
    carrier = Carrier(
        ground.records,
        lambda: ground.almanac.editions,
        kinds,
        frame.clock,
        frame.log,
        owner=frame.owner,
        trusted=lambda: _without_the_jump(ground),
    )
    return AlarmRole(
        frame.clock, lambda: ground.almanac.editions, kinds, carrier, frame.log, watch_tick=ground.watch.tick
    )


def _without_the_jump(ground: Ground) -> datetime | None:
    doubt = ground.watch.suspect
    return doubt.trusted_now if doubt else None
