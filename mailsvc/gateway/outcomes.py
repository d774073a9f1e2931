"""How a command or a session can end other than well.

Exception
├── Unacceptable      the command is answered with `reply`; the session goes on
├── Farewell          `reply` is said and the session closed
├── LineTooLong       a command line beyond the limit, already read to its end and thrown away
└── EndOfInput        the client has closed its side (a ConnectionError)
"""

from filters.replies import Reply


class Unacceptable(Exception):
    """A command that cannot be obeyed, or work that cannot be done now; `reply` says why."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(str(reply))
        self.reply = reply


class Farewell(Exception):
    """The session ends here; `reply` is the last word (RFC 5321 3.8)."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(str(reply))
        self.reply = reply


class LineTooLong(ValueError):
    """A command line beyond the limit; it has been read to its end and thrown away."""


class EndOfInput(ConnectionError):
    """The client has closed its side of the connection."""
