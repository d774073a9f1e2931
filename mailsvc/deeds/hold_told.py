"""The deed `hold-told`: some time before holds end, a letter to administrators with what is let go, and when.

Use: `HoldTold(post, administrators, host=...)` among the kinds of the alarm. It comes once for each hold and each end
of it: a hold that is made longer is told anew. Holds whose letters are due at once, also after an outage, share one.
The end itself needs no deed: editions let go. While a plan rests nobody knows when its holds end, and nothing is told.
Without administrators in the settings there is nobody to tell: the deed is marked done and says so.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, tzinfo

from mailsvc.deeds.kinds import CatchUp, DueDeed, Effect, Moment
from mailsvc.deeds.stage_names import STAGE_NAMES
from mailsvc.letters.post import Post
from mailsvc.letters.templates import write
from mailsvc.records.ledger import DeedKey
from schedules.applied import Held
from schedules.edition import Edition
from schedules.names import Address
from schedules.stage_dates import let_go_by
from schedules.words import Stage


class HoldTold:
    """Writes to `administrators` by `post`; `host` is named as the writer."""

    name = "hold-told"
    irreversible = False
    catch_up = CatchUp.NEWEST

    def __init__(self, post: Post, administrators: tuple[Address, ...], *, host: str) -> None:
        self._post = post
        self._administrators = administrators
        self._host = host

    @staticmethod
    def moments(edition: Edition, now: datetime) -> Iterator[Moment]:
        """Before the end of each hold that says so, of the plan and of amendments."""
        del now
        for held in edition.standing.holds:
            at = held.told_at(edition.plan.zone)
            if at is not None and held.until.timestamp() <= edition.standing.resting_from:
                yield _key(edition, held), _first(edition, held), at

    async def prepare(self, deed: DueDeed, also: Sequence[DueDeed], now: datetime) -> Effect:
        """Write the letter. Raises BadLetter, and NoRoute where there is no way to the administrators."""
        if not self._administrators:
            return lambda _: "nobody to tell: the settings name no administrators"
        keys = {one.key for one in (*also, deed)}
        told = [held for held in deed.edition.standing.holds if _key(deed.edition, held) in keys]
        facts = self._facts(deed.edition, sorted(told, key=lambda held: held.until.timestamp()))
        ready = await self._post.ready(write("hold", facts, to=self._administrators, key=str(deed.key)), now)
        return lambda connection: f"letter {ready.queue(connection)}"

    def _facts(self, edition: Edition, told: Sequence[Held]) -> dict[str, object]:
        plan = edition.plan
        return {
            "plan": plan.name,
            "title": plan.title,
            "holds": [_told(edition, held, plan.zone) for held in told],
            "host": self._host,
        }


def _key(edition: Edition, held: Held) -> DeedKey:
    """A hold is known by whom and what it keeps, and its end; not by where it is written."""
    scope = f"{held.scope} until {held.until.astimezone(UTC).isoformat()}"
    return DeedKey(
        edition.plan.name, ", ".join(held.stages), HoldTold.name, -int(held.announced.total_seconds()), scope
    )


def _first(edition: Edition, held: Held) -> Stage:
    """The first stage it keeps, which gives the deed its place among others of one instant."""
    return next((stage for stage in Stage if stage in edition.plan.stages and held.concerns(stage)), Stage.ANNOUNCE)


def _told(edition: Edition, held: Held, zone: tzinfo) -> dict[str, object]:
    return {
        "scope": str(held.scope),
        "until": held.until.astimezone(zone).strftime("%Y-%m-%d %H:%M %Z"),
        "legal_order": held.legal_order,
        "reason": held.reason,
        "stages": [{"name": STAGE_NAMES[stage], "word": str(stage)} for stage in let_go_by(edition, held)],
    }
