"""How many addresses something concerns, by what they are."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from schedules.rehearsing.groups import Group

_BESIDE = ("forwarding", "suspended")


@dataclass(frozen=True, slots=True)
class Tally:
    """How many addresses: each counts once by its kind (or as left), and again among those that forward."""

    total: int = 0
    kinds: Mapping[str, int] = field(default_factory=dict)  # base, additional, alias, role, left
    forwarding: int = 0
    suspended: int = 0


def labels(group: Group) -> Counter[str]:
    """The addresses of a group by each label they count under; those of several groups are added."""
    counts = Counter({"left" if group.left else group.kind: group.count})
    if group.forwarding:
        counts["forwarding"] = group.count
    if group.suspended_since is not None:
        counts["suspended"] = group.count
    return counts


def tally(counts: Mapping[str, int]) -> Tally:
    """What added labels mean."""
    kinds = {label: count for label, count in sorted(counts.items()) if label not in _BESIDE}
    return Tally(sum(kinds.values()), kinds, counts.get("forwarding", 0), counts.get("suspended", 0))
