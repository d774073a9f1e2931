"""The deed `tell-administrators`: at each stage a letter with whom it concerns.

After an outage one letter, that of the newest stage, names all that came meanwhile. Without administrators in the
settings there is nobody to tell: the deed is marked done and says so.
"""

import asyncio
from collections.abc import Iterator, Sequence
from datetime import datetime, tzinfo

from mailsvc.deeds.affected import affected
from mailsvc.deeds.kinds import CatchUp, DueDeed, Effect, Moment, at_stages
from mailsvc.deeds.stage_names import STAGE_NAMES
from mailsvc.letters.post import Post
from mailsvc.letters.templates import write
from mailsvc.records.store import Records
from schedules.edition import Edition
from schedules.names import Address
from schedules.words import Stage


class TellAdministrators:
    """Writes to `administrators` by `post`; `host` is named as the writer."""

    name = "tell-administrators"
    irreversible = False
    catch_up = CatchUp.NEWEST

    def __init__(self, records: Records, post: Post, administrators: tuple[Address, ...], *, host: str) -> None:
        self._records = records
        self._post = post
        self._administrators = administrators
        self._host = host

    @staticmethod
    def moments(edition: Edition, now: datetime) -> Iterator[Moment]:
        """At every stage."""
        del now
        return at_stages(TellAdministrators.name, edition, tuple(Stage))

    async def prepare(self, deed: DueDeed, also: Sequence[DueDeed], now: datetime) -> Effect:
        """Count, and write the letter. Raises RecordsAway, BadLetter, and NoRoute where there is no way to them."""
        if not self._administrators:
            return lambda _: "nobody to tell: the settings name no administrators"
        facts = await asyncio.to_thread(self._facts, deed, also, now)
        letter = write("stage", facts, to=self._administrators, key=str(deed.key))
        ready = await self._post.ready(letter, now)
        return lambda connection: f"letter {ready.queue(connection)}"

    def _facts(self, deed: DueDeed, also: Sequence[DueDeed], now: datetime) -> dict[str, object]:
        edition, domain = deed.edition, deed.key.domain
        with self._records.read() as connection:
            counts = affected(connection, edition, domain)
        told = {one.stage for one in (*also, deed)}
        holds = [hold for hold in edition.standing.holds if hold.until > now and hold.scope.touches(domain)]
        return {
            "domain": domain,
            "title": edition.plan.title,
            "stages": [_stage(one.stage, one.at, edition.plan.zone) for one in (*also, deed)],
            "coming": [
                _stage(stage, at, edition.plan.zone) for stage, at in edition.stages() if at > now and stage not in told
            ],
            "counts": counts.rows,
            "total": counts.total,
            "forwards": counts.forwards,
            "holds": [{"scope": str(hold.scope), "until": _local(hold.until, edition.plan.zone)} for hold in holds],
            "host": self._host,
        }


def _stage(stage: Stage, at: datetime, zone: tzinfo) -> dict[str, object]:
    return {"name": STAGE_NAMES[stage], "word": str(stage), "at": _local(at, zone)}


def _local(at: datetime, zone: tzinfo) -> str:
    return at.astimezone(zone).strftime("%Y-%m-%d %H:%M %Z")
