"""The dates of the notice page: what ends or begins when, for everybody, and where domains or areas differ. Pure.

    dates(edition), elsewhere(edition)

Dates are found by asking the edition when an address without anything of its own loses each capability, so the page
cannot say anything else than the gateway does. What an amendment moved is told with its date before. Single addresses
and groups, and scopes that stand in legal orders alone, are never asked about. Never fails.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from mailsvc.desk.planning.page_words import (
    HANDED_OVER,
    JOINED,
    PUBLIC,
    PURGED,
    TO_BE_TOLD,
    begins,
    not_before,
    until,
)
from schedules.blocks.scopes import Scope
from schedules.edition import Edition
from schedules.names import DomainName
from schedules.plan import Plan
from schedules.text import Text
from schedules.words import Capability, Profile, Rule, Stage

Ends = Mapping[Capability, datetime | None]  # None: it has no date any more
Row = tuple[float, Text, Text, Text | None]  # POSIX timestamp, when, what, when before


@dataclass(frozen=True, slots=True)
class Dated:
    """What comes at one instant; `before` is what the plan said before it was amended."""

    when: Text
    items: tuple[Text, ...]
    before: Text | None = None


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """Other dates for a domain or an area."""

    scope: Text
    dates: tuple[Dated, ...]


def dates(edition: Edition) -> tuple[Dated, ...]:
    """What comes for everybody, in order of time; what has no date any more comes last."""
    return tuple(_gathered(_rows(edition, _usual(edition))))


def elsewhere(edition: Edition) -> tuple[Elsewhere, ...]:
    """Domains and areas whose dates differ from everybody's, with the dates that do."""
    everybody = _usual(edition)
    usual = {(at, what) for at, _, what, _ in _rows(edition, everybody)}
    found = []
    for scope in _public_scopes(edition):
        rows = _rows(edition, _profile(scope, everybody))
        own = [(at, when, what, None) for at, when, what, _ in rows if (at, what) not in usual]
        if own:
            found.append(Elsewhere(_named(scope), tuple(_gathered(own))))
    return tuple(found)


def _rows(edition: Edition, profile: Profile) -> list[Row]:
    return [*_endings(edition, profile), *_beginnings(edition, profile)]


def _gathered(rows: Iterable[Row]) -> Iterator[Dated]:
    """What comes at one instant, and came at one before, under one head."""
    ordered = sorted(rows, key=lambda row: row[0])
    for (_, when, before), found in groupby(ordered, key=lambda row: (row[0], row[1], row[3])):
        yield Dated(when, tuple(what for _, _, what, _ in found), before)


def _endings(edition: Edition, profile: Profile) -> Iterator[Row]:
    plan = edition.plan
    now, written = _ends(edition, profile), _ends(Edition(plan, edition.number), profile)
    for capability in [one for one in PUBLIC if one in {*now, *written}]:
        at, planned = now.get(capability), written.get(capability)
        moved = until(_local(planned, plan)) if planned and at != planned else None
        told = until(_local(at, plan)) if at else TO_BE_TOLD
        yield at.timestamp() if at else float("inf"), told, PUBLIC[capability], moved


def _beginnings(edition: Edition, profile: Profile) -> Iterator[Row]:
    """What begins at an instant, instead of ending at it."""
    plan = edition.plan
    standing = edition.standing.instants
    for switch in plan.switches:
        if switch.scope.covers(profile):
            on = _local(switch.on, plan) if switch.on else None
            yield switch.off.timestamp(), begins(_local(switch.off, plan), on), switch.reason, None
    successor = standing.get(Stage.SUCCESSOR)
    if successor is not None:
        yield successor.timestamp(), begins(_local(successor, plan)), HANDED_OVER, None
    if plan.consolidation is not None:
        at = plan.consolidation.at
        yield at.timestamp(), begins(_local(at, plan)), JOINED, None
    # Holds of single addresses move the real purge of a whole domain: its own date is all that the world is told.
    purge = standing.get(Stage.PURGE)
    if purge is not None:
        yield purge.timestamp(), not_before(_local(purge, plan)), PURGED, None


def _ends(edition: Edition, profile: Profile) -> Ends:
    """When `profile` loses what subscribers know, for good; what never ends is left out."""
    timeline = edition.timeline(profile)
    found: dict[Capability, datetime | None] = {}
    for capability in PUBLIC:
        since: datetime | None = None
        waiting = False
        for rulings in timeline.rulings:
            ruling = rulings[capability]
            waiting = ruling.rule is Rule.WAITING
            since = None if ruling.allowed else since or ruling.since
        if since is not None or waiting:
            found[capability] = since
    return found


def _public_scopes(edition: Edition) -> Iterable[Scope]:
    """Domains and areas that may have dates of their own; legal orders and what names fewer people are nobody's."""
    plan = edition.plan
    scopes = [Scope(domain=pattern) for pattern in plan.domains]
    scopes += [one.scope for one in plan.exceptions] + [one.scope for one in plan.switches]
    scopes += [hold.scope for hold in edition.standing.holds if not hold.legal_order]
    public = (one for one in scopes if not (one.group or one.address) and (one.domain or one.area))
    return dict.fromkeys(public)


def _usual(edition: Edition) -> Profile:
    """A profile of the domain whose dates most domains have."""
    profiles = [_of_domain(pattern) for pattern in edition.plan.domains or ("example.invalid",)]
    counted = Counter(tuple(sorted(_ends(edition, one).items())) for one in profiles)
    usual = counted.most_common(1)[0][0]
    return next(one for one in profiles if tuple(sorted(_ends(edition, one).items())) == usual)


def _profile(scope: Scope, everybody: Profile) -> Profile:
    domain = _of_domain(scope.domain).domain if scope.domain else everybody.domain
    return Profile(domain=domain, area=scope.area)


def _of_domain(pattern: str) -> Profile:
    return Profile(DomainName.parse(f"any{pattern[1:]}" if pattern.startswith("*.") else pattern))


def _named(scope: Scope) -> Text:
    ja, en = (f"地域: {scope.area}", f"Area: {scope.area}") if scope.area else ("", "")
    parts = [part for part in (scope.domain, ja) if part], [part for part in (scope.domain, en) if part]
    return Text("、".join(parts[0]), ", ".join(parts[1]))


def _local(at: datetime, plan: Plan) -> datetime:
    return at.astimezone(plan.zone)
