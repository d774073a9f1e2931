"""How an act says no.

Use: raise `Refused` with what is wrong and what to do about it; doors print its message as it is.
"""


class Refused(Exception):
    """An act that was not carried out; nothing has changed. The message is one sentence fit for whoever asked."""

    def __init__(self, what: str, remedy: str) -> None:
        self.what = what
        self.remedy = remedy
        super().__init__(f"{what}: {remedy}")
