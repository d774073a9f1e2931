"""Links to what was exported, and the sessions they are used up into. Only SHA-256 of a token is kept.

    make(connection, NewLink(digest(token), job, address, "admin", until), now)
    opened = use(connection, digest(token), NewSession(digest(secret), until), now)   # None: no link that can be used
    seen = of_session(connection, digest(secret))        # None: no such session

A link has one session at most: while that lives, nobody else can use the link; afterwards it can be used again, until
it expires or is revoked. Which of the reasons there is for None, nobody who asks is told.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, Select, case, delete, insert, or_, select, update

from mailsvc.records.tables import link_sessions, links

_ID = 16  # hexadecimal digits of a token's digest: enough to name a link, none to use it


@dataclass(frozen=True, slots=True)
class NewLink:
    """A link that is made."""

    token_sha256: str
    job: str
    address: str
    made_by: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class NewSession:
    """A session that is begun."""

    session_sha256: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Link:
    """A row. `session_until` is when its session ends, or has ended."""

    token_sha256: str
    job: str
    address: str
    made_by: str
    made_at: datetime
    expires_at: datetime
    used_at: datetime | None
    revoked_at: datetime | None
    session_until: datetime | None

    @property
    def id(self) -> str:
        """By what administrators name it; it opens nothing."""
        return self.token_sha256[:_ID]

    def lives(self, now: datetime) -> bool:
        """Whether it can be used, now or when its session has ended."""
        return self.revoked_at is None and now < self.expires_at

    def is_open(self, now: datetime) -> bool:
        """Whether its session lives."""
        return self.lives(now) and self.session_until is not None and now < self.session_until


_SELECTED = select(
    *(links.c[one.name] for one in fields(Link) if one.name != "session_until"),
    link_sessions.c.expires_at.label("session_until"),
).select_from(links.outerjoin(link_sessions, link_sessions.c.token_sha256 == links.c.token_sha256))


def digest(token: str) -> str:
    """By what a token of a link or session is known to the records."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def make(connection: Connection, new: NewLink, now: datetime) -> None:
    """Keep a new link."""
    values = {one.name: getattr(new, one.name) for one in fields(new)}
    connection.execute(insert(links).values(domain=new.address.rpartition("@")[2], made_at=now, **values))


def find(connection: Connection, token_sha256: str) -> Link | None:
    """A link by the digest of its token."""
    return _first(connection, _SELECTED.where(links.c.token_sha256 == token_sha256))


def use(connection: Connection, token_sha256: str, new: NewSession, now: datetime) -> Link | None:
    """Use a link up into a session; None, changing nothing, for a link that cannot be used now.

    Cannot be used: unknown, expired, revoked, or used already by a session that lives.
    """
    _lock(connection, token_sha256)
    link = find(connection, token_sha256)
    if link is None or not link.lives(now) or link.is_open(now):
        return None
    _begin(connection, link, new, now)
    return link


def of_session(connection: Connection, session_sha256: str) -> Link | None:
    """The link of a session, which may have ended: ask the link whether it lives and is open."""
    return _first(connection, _SELECTED.where(link_sessions.c.session_sha256 == session_sha256))


def reopen(connection: Connection, session_sha256: str, new: NewSession, now: datetime) -> Link | None:
    """Begin a new session in place of one, ended or not; None where that is not the link's, or the link is dead."""
    seen = of_session(connection, session_sha256)
    if seen is None:
        return None
    _lock(connection, seen.token_sha256)
    link = of_session(connection, session_sha256)
    if link is None or not link.lives(now):
        return None
    _begin(connection, link, new, now)
    return link


def prolong(connection: Connection, session_sha256: str, until: datetime, now: datetime) -> bool:
    """Let a session that lives end later; whether it lived."""
    mine = (link_sessions.c.session_sha256 == session_sha256, link_sessions.c.expires_at > now)
    done = update(link_sessions).where(*mine).values(expires_at=until).returning(link_sessions.c.session_sha256)
    return connection.execute(done).scalar_one_or_none() is not None


def end_session(connection: Connection, session_sha256: str) -> None:
    """End a session; its link can be used again."""
    connection.execute(delete(link_sessions).where(link_sessions.c.session_sha256 == session_sha256))


def renew(connection: Connection, token_sha256: str, until: datetime) -> bool:
    """Let a link live until then, expired or not; False for one that is not there, or was revoked."""
    mine = (links.c.token_sha256 == token_sha256, links.c.revoked_at.is_(None))
    done = update(links).where(*mine).values(expires_at=until).returning(links.c.token_sha256)
    return connection.execute(done).scalar_one_or_none() is not None


def revoke(connection: Connection, token_sha256s: Sequence[str], now: datetime) -> int:
    """End links and their sessions for good; how many were not revoked before."""
    mine = (links.c.token_sha256.in_(token_sha256s), links.c.revoked_at.is_(None))
    done = connection.execute(update(links).where(*mine).values(revoked_at=now).returning(links.c.token_sha256))
    revoked = len(done.scalars().all())
    connection.execute(delete(link_sessions).where(link_sessions.c.token_sha256.in_(token_sha256s)))
    return revoked


def listing(connection: Connection, *, address: str = "", name: str = "", limit: int = 1000) -> Sequence[Link]:
    """Links, the newest first: of an address, or those whose id begins so."""
    conditions: list[ColumnElement[bool]] = []
    if address:
        conditions += [links.c.domain == address.rpartition("@")[2], links.c.address == address]
    if name:
        conditions.append(links.c.token_sha256.startswith(name, autoescape=True))
    newest = _SELECTED.where(*conditions).order_by(links.c.made_at.desc(), links.c.token_sha256).limit(limit)
    return [Link(**row) for row in connection.execute(newest).mappings()]


def sweep(connection: Connection, before: datetime, limit: int) -> int:
    """Forget up to `limit` links that have been dead since before an instant; how many."""
    dead_since = case(
        (links.c.revoked_at.is_(None), links.c.expires_at),
        (links.c.revoked_at < links.c.expires_at, links.c.revoked_at),
        else_=links.c.expires_at,
    )
    query = select(links.c.token_sha256).where(or_(links.c.expires_at < before, links.c.revoked_at < before))
    gone = connection.execute(query.where(dead_since < before).limit(limit)).scalars().all()
    if gone:
        connection.execute(delete(link_sessions).where(link_sessions.c.token_sha256.in_(gone)))
        connection.execute(delete(links).where(links.c.token_sha256.in_(gone)))
    return len(gone)


def _begin(connection: Connection, link: Link, new: NewSession, now: datetime) -> None:
    mine = links.c.token_sha256 == link.token_sha256
    connection.execute(delete(link_sessions).where(link_sessions.c.token_sha256 == link.token_sha256))
    values = {one.name: getattr(new, one.name) for one in fields(new)}
    connection.execute(insert(link_sessions).values(token_sha256=link.token_sha256, made_at=now, **values))
    connection.execute(update(links).where(mine).values(used_at=now))


def _lock(connection: Connection, token_sha256: str) -> None:
    """Of two who use a link at once, one finds the other's session."""
    connection.execute(select(links.c.token_sha256).where(links.c.token_sha256 == token_sha256).with_for_update())


def _first(connection: Connection, query: Select[tuple[object, ...]]) -> Link | None:
    row = connection.execute(query).mappings().first()
    return None if row is None else Link(**row)
