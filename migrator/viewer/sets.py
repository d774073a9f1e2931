"""Sets of names, written as people read them: `set_of("a b c")`."""


def set_of(names: str) -> frozenset[str]:
    """The names, which blanks part."""
    return frozenset(names.split())
