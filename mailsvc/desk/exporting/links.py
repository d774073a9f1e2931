"""Links to exports: listed, made by hand, renewed, revoked.

    made = make_link(desk, "hanako@closing.example", "he asked by telephone")    # its URL is told this once
    renewed = renew_link(desk, "0123456789abcdef", "asked for more time")
    revoked = revoke_links(desk, "lost his telephone", link="0123456789abcdef")

A link is named by its id, which opens nothing. Raises Refused where there is no such link or export, or the settings
have no public URL.
"""

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from mailsvc.desk.desk import Desk, why
from mailsvc.desk.refusals import Refused
from mailsvc.notices.exports_ready import PAGE
from mailsvc.records import exports, links
from mailsvc.records.links import Link, NewLink, digest
from mailsvc.records.store import Connection
from schedules.names import Address

_SHORTEST = 6  # signs of an id


@dataclass(frozen=True, slots=True)
class LinkRow:
    """A link as administrators see it."""

    id: str
    address: str
    job: str
    state: str  # unused | open | used | expired | revoked
    made_at: datetime
    made_by: str
    used_at: datetime | None
    expires_at: datetime
    revoked_at: datetime | None


@dataclass(frozen=True, slots=True)
class MadeLink:
    """A link that was made; nobody can be told its URL again."""

    url: str
    row: LinkRow


def list_links(desk: Desk, address: str = "", limit: int = 1000) -> list[LinkRow]:
    """Links, the newest first."""
    whose = str(Address.parse(address)) if address else ""
    with desk.records.read() as conn:
        found = links.listing(conn, address=whose, limit=limit)
    return [_row(desk, one) for one in found]


def make_link(
    desk: Desk, address: str, reason: str, *, token: Callable[[], str] = lambda: secrets.token_urlsafe(32)
) -> MadeLink:
    """Make a link to the newest export of an address, beside those that there are."""
    settings, told = desk.settings.exports, why(reason)
    if not settings.public_url:
        raise Refused("the settings have no public URL for links", "write `exports.public_url`")
    mailbox, made = str(Address.parse(address)), token()

    def work(conn: Connection) -> Link:
        exports.turn(conn, mailbox.rpartition("@")[2])
        export = exports.newest(conn, mailbox)
        if export is None or not exports.files_of(conn, export.job):
            raise Refused(
                f"there is no export of {mailbox} that could be fetched",
                f"`lastpost export {mailbox} --format zip` makes one; `lastpost jobs list --address {mailbox}`",
            )
        now = desk.clock.now()
        links.make(conn, NewLink(digest(made), export.job, mailbox, desk.actor, now + settings.link), now)
        desk.note(conn, "links make", mailbox, told, {"job": export.job})
        return _known(links.find(conn, digest(made)), mailbox)

    link = desk.records.act(work)
    return MadeLink(f"{settings.public_url}{PAGE}{made}", _row(desk, link))


def renew_link(desk: Desk, link: str, reason: str) -> LinkRow:
    """Let a link live anew for as long as one that is made now; it may have expired."""
    told = why(reason)

    def work(conn: Connection) -> Link:
        found = _named(conn, link)
        exports.turn(conn, found.address.rpartition("@")[2])
        export = exports.find(conn, found.job)
        if export is None or export.removed_at is not None:
            raise Refused(
                f"what link {found.id} led to was removed", f"`lastpost export {found.address}` makes it anew"
            )
        until = desk.clock.now() + desk.settings.exports.link
        if not links.renew(conn, found.token_sha256, until):
            raise Refused(f"link {found.id} was revoked", f"`lastpost links make {found.address}` makes another one")
        desk.note(conn, "links renew", found.address, told, {"link": found.id, "until": until.isoformat()})
        return _known(links.find(conn, found.token_sha256), found.id)

    return _row(desk, desk.records.act(work))


def revoke_links(desk: Desk, reason: str, *, link: str = "", address: str = "") -> list[LinkRow]:
    """End a link, or all of an address, with the session that it has; what was revoked already stays so."""
    told = why(reason)
    if bool(link) == bool(address):
        raise Refused("it is not said which links", "name one link, or --address ADDRESS for all of an address")

    def work(conn: Connection) -> Sequence[Link]:
        if link:
            found: Sequence[Link] = [_named(conn, link)]
        else:
            found = links.listing(conn, address=str(Address.parse(address)))
        living = [one for one in found if one.revoked_at is None]
        links.revoke(conn, [one.token_sha256 for one in living], desk.clock.now())
        for one in living:
            desk.note(conn, "links revoke", one.address, told, {"link": one.id})
        again = (links.find(conn, one.token_sha256) for one in found)
        return [one for one in again if one is not None]

    return [_row(desk, one) for one in desk.records.act(work)]


def _named(conn: Connection, name: str) -> Link:
    """The one link whose id begins so. Raises Refused."""
    found = links.listing(conn, name=name.lower(), limit=2) if len(name) >= _SHORTEST else []
    if len(found) != 1:
        raise Refused(f"there is no link {name}", "`lastpost links list` has their ids")
    return found[0]


def _known(link: Link | None, name: str) -> Link:
    if link is None:
        raise Refused(f"there is no link {name}", "`lastpost links list` has their ids")
    return link


def _row(desk: Desk, link: Link) -> LinkRow:
    zone, now = desk.settings.service.zoneinfo, desk.clock.now()

    def local(at: datetime | None) -> datetime | None:
        return at.astimezone(zone) if at else None

    return LinkRow(
        id=link.id,
        address=link.address,
        job=link.job,
        state=_state(link, now),
        made_at=link.made_at.astimezone(zone),
        made_by=link.made_by,
        used_at=local(link.used_at),
        expires_at=link.expires_at.astimezone(zone),
        revoked_at=local(link.revoked_at),
    )


def _state(link: Link, now: datetime) -> str:
    if link.revoked_at is not None:
        return "revoked"
    if not link.lives(now):
        return "expired"
    if link.is_open(now):
        return "open"
    return "used" if link.used_at else "unused"
