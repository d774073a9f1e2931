"""Organizational domains by the public suffix list (RFC 7489 3.2): `mail.b.example.co.jp` is of `example.co.jp`.

The list comes with the publicsuffixlist package and is as new as that; reading it takes some 40 ms, once.
"""

from functools import cached_property

from publicsuffixlist import PublicSuffixList


class Organisations:
    """Knows which names belong together; one per house."""

    @cached_property
    def _suffixes(self) -> PublicSuffixList:
        return PublicSuffixList(accept_unknown=True)

    def of(self, domain: str) -> str:
        """The organizational domain of a name in lower case; the name itself where it is a public suffix."""
        return self._suffixes.privatesuffix(domain) or domain

    def same(self, one: str, other: str) -> bool:
        """Whether both are of one organization."""
        return self.of(one) == self.of(other)
