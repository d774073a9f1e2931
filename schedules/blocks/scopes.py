"""Whose dates something concerns, and which of several things said of one address goes before the others.

A scope names a domain, a group, an area or an address; what it leaves out does not narrow it. Closer scopes go before
wider ones: a wildcard below a domain's own name, that below a group, that below an area, that below an address.
"""

from dataclasses import dataclass
from typing import Annotated

from pydantic import BeforeValidator, Field

from schedules.blocks.values import Block, read_pattern, texted
from schedules.names import Address, BadName
from schedules.positions import Wrong
from schedules.words import Profile


def _within(domain: str, pattern: str) -> bool:
    return domain == pattern or (pattern.startswith("*.") and domain.endswith(pattern[1:]))


def _address(value: object) -> object:
    if value is None or isinstance(value, Address):
        return value
    try:
        return Address.parse(texted(value, "an address such as hanako@closing.example"))
    except BadName as error:
        raise Wrong(str(error), "write an address such as hanako@closing.example") from None


@dataclass(frozen=True, slots=True)
class Scope(Block):
    """Whom something concerns; empty, everybody. Raises Wrong for a domain that is none."""

    domain: Annotated[str, Field(description='a domain of the plan, or "*.x" for the names below x')] = ""
    group: Annotated[str, Field(description="a group of holders, as accounts name it")] = ""
    area: Annotated[str, Field(description="an area, as accounts name it")] = ""
    address: Annotated[Address | None, BeforeValidator(_address), Field(description="one address")] = None

    def __post_init__(self) -> None:
        if self.domain:
            object.__setattr__(self, "domain", read_pattern(self.domain))

    def covers(self, profile: Profile) -> bool:
        """Whether addresses of `profile` are in this scope."""
        if self.address is not None and (profile.address is None or not profile.address.same_mailbox(self.address)):
            return False
        if self.group not in {"", profile.group} or self.area not in {"", profile.area}:
            return False
        return not self.domain or _within(profile.domain.ascii, self.domain)

    def touches(self, domain: str) -> bool:
        """Whether any address of `domain`, a name or a plan's "*.x", may be in this scope."""
        if self.address is not None and not _within(self.address.domain.ascii, domain):
            return False
        return not self.domain or _within(domain, self.domain) or _within(self.domain, domain)

    def spans(self, domain: str) -> bool:
        """Whether every address of `domain`, a name or a plan's "*.x", is in this scope."""
        return self.whole_domain and (not self.domain or _within(domain, self.domain))

    def includes(self, other: "Scope") -> bool:
        """Whether of one domain that both touch, every address in `other` is known to be in this scope."""
        if self.address is not None and (other.address is None or not self.address.same_mailbox(other.address)):
            return False
        return self.group in {"", other.group} and self.area in {"", other.area}

    @property
    def whole_domain(self) -> bool:
        """Whether it names domains as a whole, not some of their addresses."""
        return not (self.group or self.area or self.address)

    @property
    def closeness(self) -> tuple[int, int]:
        """How closely it is drawn: greater goes before smaller; of wildcards the longer one."""
        wildcard = self.domain.startswith("*.")
        steps = (self.address is not None, bool(self.area), bool(self.group), bool(self.domain) and not wildcard)
        rank = next((5 - place for place, named in enumerate(steps) if named), int(wildcard))
        return rank, len(self.domain) if wildcard else 0

    def __str__(self) -> str:
        named = {"domain": self.domain, "group": self.group, "area": self.area, "address": self.address}
        return ", ".join(f"{key} {value}" for key, value in named.items() if value) or "everybody"
