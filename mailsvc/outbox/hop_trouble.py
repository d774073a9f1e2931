"""What can go wrong between us and a next hop, and what it means for the message.

HopTrouble
├── HopAway       no transaction was begun: the lane rests, nothing about the message is known
│   └── TlsFailed a hop that offered TLS without being asked for it cannot do it: it may be tried in clear
├── HopLost       the transaction broke before its final dot: nothing was delivered, try again
└── AnswerLost    the final dot went out and no answer can be trusted: perhaps delivered, try again
"""

from mailsvc.outbox.hop_replies import HopReply, said_by_us


class HopTrouble(Exception):
    """A next hop did not do its part; `reply` is fit for the records."""

    def __init__(self, reply: HopReply | str) -> None:
        self.reply = reply if isinstance(reply, HopReply) else said_by_us(0, reply)
        super().__init__(str(self.reply))


class HopAway(HopTrouble):
    """The next hop cannot be reached or does not serve."""


class TlsFailed(HopAway):
    """STARTTLS was offered and did not work, towards a hop that need not have it (RFC 7435 3)."""


class HopLost(HopTrouble):
    """The connection broke, or speaks no SMTP, before the message was handed over."""


class AnswerLost(HopTrouble):
    """The message was handed over, but whether it was taken is unknown (RFC 5321 4.5.4.1, RFC 1047)."""
