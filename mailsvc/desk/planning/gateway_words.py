"""The gateway's own words about groups of addresses: what a rehearsal says mail will be answered.

Use: `GatewayWords(notice_url)` is the judge of `schedules.rehearsing`. It asks the same judge as the gateway, as a null
or foreign sender from the world, with an empty mailbox; quotas and rates are no part of a plan.
"""

from filters import judge, replies, service_end
from filters.mail import AddressKind, Client, ClientKind, Forwarding, Left, Sender, Standing
from filters.replies import Reply
from schedules.names import Address, DomainName
from schedules.rehearsing.groups import Group
from schedules.words import Ruling, Rulings

_WORLD = Client(ClientKind.WORLD, "", 0)
_NOBODY = Sender(None)
# Stands for wherever each of them is now; in replies it is told in words.
_NEW = Address("new-address", DomainName("elsewhere.invalid"))
_TOLD = "their own new address"


class GatewayWords:
    """`notice_url` is the page that replies name; `soft` answers refusals for good as ones that pass."""

    def __init__(self, notice_url: str = "", *, soft: bool = False) -> None:
        self._notice_url = notice_url
        self._soft = soft

    def receiving(self, group: Group, rulings: Rulings, *, routed: bool) -> str:
        """The reply to mail for addresses of `group`."""
        return self._said(judge.recipient(_WORLD, _NOBODY, self._standing(group, rulings, routed=routed)).reply)

    def sending(self, ruling: Ruling) -> str:
        """The reply to mail that they send by the submission MTA."""
        verdict = service_end.sending(ruling)
        return self._said(verdict.reply if verdict is not None else replies.RECIPIENT_OK)

    def _standing(self, group: Group, rulings: Rulings, *, routed: bool) -> Standing:
        asked = group.address or group.example or Address("somebody", group.domain)
        forwarding = Forwarding(_NEW, confirmed=True, disclose=group.disclosed, keep=False)
        return Standing(
            asked=asked,
            ours=True,
            kind=AddressKind(group.kind),
            mailbox=asked,
            rulings=rulings,
            left=Left(_NEW if group.disclosed else None, group.disclosed) if group.left else None,
            forwarding=forwarding if group.forwarding and not routed else None,
            notice_url=self._notice_url,
            routed=routed,
        )

    def _said(self, reply: Reply) -> str:
        told = reply.softened() if self._soft else reply
        return str(told).replace(str(_NEW), _TOLD)
