"""Sizes as sentences tell them: `in_words(16_900_000)` is "16.9 MB", and what is little is told in octets."""

_UNITS = ((10**9, "GB"), (10**6, "MB"), (10**3, "kB"))


def in_words(octets: int) -> str:
    """The size, to one decimal of the largest unit that fits."""
    for unit, name in _UNITS:
        if octets >= unit:
            return f"{octets / unit:,.1f} {name}"
    return f"{octets} octets" if octets != 1 else "1 octet"
