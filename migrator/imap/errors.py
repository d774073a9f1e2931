"""What goes wrong between us and an IMAP server.

ImapError
├── Gone              the connection is not there, or not any more
│   ├── Silent        nothing came for too long
│   │   └── Stalled   and another try would take as long
│   └── Bye           the server ended the session, and said why
├── Garbled           what it sent is no IMAP, or more than anybody would send
│   └── Oversized     a message is larger than we take
├── NotImap           something else than an IMAP server greets there
├── Untrusted         its certificate is not one that we trust
├── NoTls             there is no TLS that both sides speak
├── NoRoom            what it sent cannot be kept on this machine's disk
└── Declined          it answered NO or BAD, or refused at the greeting; `code` is its response code, as THROTTLED
"""


class ImapError(Exception):
    """Something went wrong with an IMAP server; the message is fit for an operator."""


class Gone(ImapError):
    """The connection is lost, or could not be made."""


class NotImap(ImapError):
    """What greets is no IMAP server."""


class Untrusted(ImapError):
    """The server's certificate does not prove who it is."""


class NoTls(ImapError):
    """There is no TLS that both sides speak."""


class NoRoom(ImapError):
    """This machine's disk takes no more."""


class Silent(Gone):
    """The server said nothing for too long."""


class Stalled(Silent):
    """The server has had all its time: it spoke and gave nothing that was asked for, or let nobody in."""


class Bye(Gone):
    """The server ended the session."""

    def __init__(self, text: str, code: str = "") -> None:
        super().__init__(f"the server ended the session: {text}")
        self.code = code
        self.text = text
        self.said = f"[{code}] {text}" if code else text


class Garbled(ImapError):
    """The server speaks no IMAP that can be understood."""


class Oversized(Garbled):
    """The server announces more octets in one piece than we take."""


class Declined(ImapError):
    """The server refused `command`; `word` is NO or BAD, `code` its response code in upper case, or ""."""

    def __init__(self, command: str, word: str, code: str, text: str) -> None:
        self.said = f"[{code}] {text}" if code else text
        super().__init__(f"{command} was refused: {word} {self.said}")
        self.command = command
        self.word = word
        self.code = code
        self.text = text
