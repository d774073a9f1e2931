"""What a server gave of a message, believed or not: it answers NIL, another size than it announces, or not at all.

    doubts = Doubts()
    doubts.judge(folder, fetched)       # a Message, or a Doubt: fetch it again

What is in doubt is fetched once more, on a connection of its own. The same octets twice are believed, though the
announced size is another: some servers count otherwise than they send, and after BELIEVED such messages their count is
heeded no more. What stays away or differs is Missing, with the reason.
"""

from dataclasses import dataclass

from migrator.imap.fetching import Fetched, date_of
from migrator.mailbox import Content, FolderName, Item, Message, Missing

BELIEVED = 3  # messages whose size was wrong and whose octets were the same twice
NOTHING = "the server answers NIL instead of the message"
ABSENT = "the server lists it, and does not give it"


@dataclass(frozen=True, slots=True)
class Doubt:
    """Why a message is fetched again, and the SHA-256 of what came first, if something did."""

    why: str = ABSENT
    sha256: bytes = b""


class Doubts:
    """What is known of one server's honesty."""

    def __init__(self) -> None:
        self._miscounted = 0

    def judge(self, folder: FolderName, fetched: Fetched) -> Message | Doubt:
        """What came first of a message."""
        content = fetched.content()
        if content is None:
            return Doubt(NOTHING)
        if fetched.size in {None, content.size} or self._miscounted >= BELIEVED:
            return _message(folder, fetched, content)
        doubt = Doubt(_miscounted(fetched, content), content.sha256)
        content.forget()
        return doubt

    def judge_again(self, folder: FolderName, fetched: Fetched, doubt: Doubt) -> Message | Missing:
        """What came the second time."""
        content = fetched.content()
        if content is None:
            return Missing(folder, fetched.uid, NOTHING)
        if fetched.size in {None, content.size}:
            return _message(folder, fetched, content)
        if content.sha256 == doubt.sha256:
            self._miscounted += 1
            return _message(folder, fetched, content)
        content.forget()
        return Missing(folder, fetched.uid, _miscounted(fetched, content))


def _miscounted(fetched: Fetched, content: Content) -> str:
    return f"the server announces {fetched.size} octets and gives {content.size}"


def _message(folder: FolderName, fetched: Fetched, content: Content) -> Message:
    return Message(folder, Item(fetched.uid, fetched.flags, fetched.size), date_of(fetched), content)
