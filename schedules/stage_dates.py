"""When a stage comes, and for whom.

    dates_of(edition, Stage.RECEIVE_END)    # (StageDate("", 2024-02-01), StageDate("area ishikawa", 2024-07-01))

One date is everybody's; domains, groups, areas and addresses that have another one by an exception or a hold follow.
A stage that waits for its gate, or while the plan rests, has no date and is left out.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from schedules.amendments.standing import Held
from schedules.blocks.scopes import Scope
from schedules.decisions import Decisions
from schedules.edition import Edition
from schedules.names import DomainName
from schedules.words import Profile, Stage

# A plan without mail domains has dates all the same; no address is in this domain (RFC 2606).
_NOWHERE = DomainName("plan.invalid")


@dataclass(frozen=True, slots=True)
class StageDate:
    """A date of a stage: `scope` is empty for everybody whom no closer date concerns."""

    scope: str
    at: datetime
    within: Scope = field(default_factory=Scope, compare=False)  # the same as a value


def comes(edition: Edition, profile: Profile) -> Mapping[Stage, datetime]:
    """When each stage comes for addresses of `profile`; those that wait are left out."""
    ends = Decisions(edition.plan, edition.standing, profile).ends
    return {stage: end.comes.at for stage, end in ends.items() if end.comes is not None}


def dates_of(edition: Edition, stage: Stage) -> tuple[StageDate, ...]:
    """The dates of `stage`, the widest scope first; of equal scopes in order of the plan's domains."""
    patterns = edition.plan.domains or (_NOWHERE.ascii,)
    whole = {pattern: comes(edition, Profile(DomainName(pattern))).get(stage) for pattern in patterns}
    found = list(_of_domains(whole))
    for scope in _narrow(edition):
        for pattern in patterns:
            profile = _profile(scope, pattern)
            at = comes(edition, profile).get(stage) if profile is not None else None
            if at is not None and at != whole[pattern]:
                closer = _with_domain(scope, pattern, patterns)
                found.append(StageDate(str(closer), at, closer))
    return tuple(dict.fromkeys(found))


def let_go_by(edition: Edition, held: Held) -> tuple[Stage, ...]:
    """The stages that come when `held` ends; none where another hold keeps them longer, or nothing was due by then."""
    patterns = edition.plan.domains or (_NOWHERE.ascii,)
    profiles = (_profile(held.scope, pattern) for pattern in patterns)
    found = {
        stage
        for profile in profiles
        if profile is not None
        for stage, end in Decisions(edition.plan, edition.standing, profile).ends.items()
        if end.hold == held
    }
    return tuple(stage for stage in Stage if stage in found)


def _of_domains(whole: Mapping[str, datetime | None]) -> Iterator[StageDate]:
    """One date where it is that of every domain, else one for each domain."""
    same = len(set(whole.values())) == 1
    for pattern, at in whole.items():
        if at is not None:
            yield StageDate("", at) if same else StageDate(f"domain {pattern}", at, Scope(pattern))


def _narrow(edition: Edition) -> Iterable[Scope]:
    """The scopes below whole domains, and single names below a wildcard, that have dates of their own."""
    named = [one.scope for one in edition.plan.exceptions] + [one.scope for one in edition.standing.holds]
    return sorted(
        {scope for scope in named if not scope.whole_domain or scope.domain not in {"", *edition.plan.domains}},
        key=lambda scope: (scope.closeness, str(scope)),
    )


def _profile(scope: Scope, pattern: str) -> Profile | None:
    """An address of the pattern's domains in that scope; None where there can be none."""
    domain = scope.address.domain.ascii if scope.address else scope.domain or pattern
    below = pattern.startswith("*.") and domain.endswith(pattern[1:])
    if pattern not in {domain, _NOWHERE.ascii} and not below:
        return None
    return Profile(DomainName(domain), group=scope.group, area=scope.area, address=scope.address)


def _with_domain(scope: Scope, pattern: str, patterns: tuple[str, ...]) -> Scope:
    return scope if scope.domain or scope.address or len(patterns) == 1 else replace(scope, domain=pattern)
