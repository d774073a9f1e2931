"""A plan as far as it could be read, for checks: they must not mistake what is unreadable for what is missing.

Draft(plan, named={"stages": {"announce"}}, broken=frozenset({"services"}))
"""

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time
from typing import TypeVar

from schedules.blocks.scopes import Scope
from schedules.blocks.whom import Whom
from schedules.plan import Plan
from schedules.positions import Position, Problem
from schedules.words import Stage

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Draft:
    """What could be read of a file, which names stand in it all the same, and where something is wrong."""

    plan: Plan
    named: Mapping[str, frozenset[str]] = field(default_factory=dict)  # stages, and ids of desks and services
    keys: frozenset[str] = frozenset()  # the keys of the file itself
    broken: frozenset[str] = frozenset()  # keys below which something is wrong: `terms`, `terms.ends`, …

    def has(self, stage: Stage) -> bool:
        """Whether the plan has this stage, readable or not."""
        return stage in self.plan.stages or stage.value in self.named.get("stages", ())

    def ids(self, section: str, readable: Iterable[str]) -> frozenset[str]:
        """The ids of a section, readable or not."""
        return self.named.get(section, frozenset()) | frozenset(readable)


def told(at: datetime) -> str:
    """An instant as problems tell it: the date where a day begins, else the time."""
    return str(at.date()) if at.time() == time() else at.replace(tzinfo=None).isoformat(" ", "minutes")


def repeated(
    items: Iterable[T], key: Callable[[T], Hashable], place: Callable[[T], Position]
) -> Iterator[tuple[T, Position]]:
    """Items whose key an earlier one has as well, each with the place of the first."""
    seen: dict[Hashable, Position] = {}
    for item in items:
        first = seen.setdefault(key(item), place(item))
        if first is not place(item):
            yield item, first


def twice(what: str, place: Position, first: Position, remedy: str = "keep one of the two") -> Problem:
    """A problem of something that is said twice."""
    where = f"in line {first.line}" if first.line != place.line else f"in column {first.column} of this line"
    return Problem(place, f"{what} is written twice, first {where}", remedy)


def wider(one: Whom, other: Whom) -> bool:
    """Whether whoever `other` means is meant by `one` as well."""
    pairs: Sequence[tuple[tuple[str, ...], tuple[str, ...]]] = (
        (one.courses, other.courses),
        (one.types, other.types),
        (one.groups, other.groups),
        (one.areas, other.areas),
    )
    narrowed = all(not wide or (narrow and set(narrow) <= set(wide)) for wide, narrow in pairs)
    return narrowed and set(one.has) <= set(other.has) and set(one.lacks) <= set(other.lacks)


def surely_within(scope: Scope, other: Scope) -> bool:
    """Whether every address in `scope` is in `other` as well, by what the two name."""
    if other.address is not None and (scope.address is None or not other.address.same_mailbox(scope.address)):
        return False
    if other.group not in {"", scope.group} or other.area not in {"", scope.area}:
        return False
    inner = scope.address.domain.ascii if scope.address is not None else scope.domain
    return other.domain in {"", inner} or (other.domain.startswith("*.") and inner.endswith(other.domain[1:]))
