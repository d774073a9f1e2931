"""Who may still be refused at the end of content: never an MTA of ours that would bounce to a mere claim."""

import pytest

from filters import judge
from filters.mail import AddressKind, Client, ClientKind, Sender, Standing
from schedules.names import Address

HANAKO = Address.parse("hanako@closing.example")
OURS = Sender(HANAKO, Standing(HANAKO, ours=True, kind=AddressKind.BASE, mailbox=HANAKO))
UNKNOWN_OF_OURS = Sender(HANAKO, Standing(HANAKO, ours=True, kind=None))


@pytest.mark.parametrize("sender", [OURS, UNKNOWN_OF_OURS, Sender(HANAKO), Sender(None)])
@pytest.mark.parametrize("kind", list(ClientKind))
def test_each_client_and_sender(kind: ClientKind, sender: Sender) -> None:
    told = judge.may_refuse_late(Client(kind, "192.0.2.1", 4711), sender)
    assert told is (kind is ClientKind.WORLD or (kind is ClientKind.SUBMISSION and sender is OURS))
