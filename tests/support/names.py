"""DNS in memory: a `filters.lookup.Lookup` over a table, for the tests of rules that ask it.

    NameTable({"b.example": {"TXT": ["v=spf1 -all"], "MX": [(10, "mx.b.example")]}, "slow.example": None})

A name that is not in the table is unknown; one whose entry is None, or holds AWAY for a type, does not answer.
"""

import ipaddress
from collections.abc import Mapping, Sequence
from typing import Final

from filters.lookup import DnsAway, NameUnknown

AWAY: Final = "away"
Answers = Sequence[object]


class NameTable:
    """The Lookup; `asked` is every question, in order."""

    def __init__(self, table: Mapping[str, Mapping[str, Answers | str] | None] | None = None) -> None:
        self.table = {name.lower().rstrip("."): entry for name, entry in (table or {}).items()}
        self.asked: list[tuple[str, str]] = []

    async def txt(self, name: str) -> Sequence[bytes]:
        found = self._answer(name, "TXT")
        return [text.encode() if isinstance(text, str) else bytes(text) for text in found]  # type: ignore[call-overload]

    async def mx(self, name: str) -> Sequence[tuple[int, str]]:
        found = [(int(one[0]), str(one[1])) for one in self._answer(name, "MX")]  # type: ignore[index]
        return sorted(found)

    async def addresses(self, name: str, *, v6: bool) -> Sequence[str]:
        return [str(one) for one in self._answer(name, "AAAA" if v6 else "A")]

    async def ptr(self, ip: str) -> Sequence[str]:
        return [str(one) for one in self._answer(ipaddress.ip_address(ip).reverse_pointer, "PTR")]

    def _answer(self, name: str, kind: str, *, hops: int = 0) -> Answers:
        plain = name.lower().rstrip(".")
        self.asked.append((plain, kind))
        if plain not in self.table:
            raise NameUnknown(f"{plain} does not exist")
        entry = self.table[plain]
        found = AWAY if entry is None else entry.get(kind, ())
        if isinstance(found, str):
            raise DnsAway(f"no answer about {plain} {kind}")
        if not found and entry and "CNAME" in entry and hops < 8:
            return self._answer(str(entry["CNAME"][0]), kind, hops=hops + 1)
        return found
