"""How forwarded mail leaves: rewritten outside, untouched inside."""

import base64
from dataclasses import replace
from datetime import UTC, datetime

import dkim  # signs; the product verifies
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from hypothesis import given
from hypothesis import strategies as st

from filters import dkim as signatures
from filters import loops
from filters.header import read_header
from filters.replies import RECIPIENT_OK
from filters.verdict import Because, Forward
from mailsvc.kit.secrets import Secret
from mailsvc.kit.srs import Srs
from mailsvc.outbox.forwarding import Forwarding, delivered_to
from mailsvc.outbox.outgoing import Outgoing, as_it_came
from mailsvc.records.deliveries import Delivery, DeliveryState
from mailsvc.records.messages import Message
from schedules.names import Address, DomainName

AT = datetime(2026, 11, 22, tzinfo=UTC)
SRS = Srs(DomainName("srs.surviving.example"), [Secret("a secret")])
MESSAGE = Message(
    "01", "b", 3, "", AT, "world", "192.0.2.1", "a.example", "jiro@world.example", smtputf8=False, eight_bit=False,
    trace=b"Received: from a.example by mx.provider.example; Sun, 22 Nov 2026 00:00:00 +0000\r\n", origin="smtp",
)  # fmt: skip
DELIVERY = Delivery(
    "01-0", "01", 0, "hanako@newhome.example", "hanako@closing.example", Because.FORWARDED, "smtp://x",
    DeliveryState.CLAIMED, 1, AT, "", 1,
)  # fmt: skip
CLOSING = DomainName("closing.example")


class Lines:
    """A log that remembers its events."""

    def __init__(self) -> None:
        self.events: list[dict[str, object]] = []

    def note(self, event: str, **fields: object) -> None:
        self.events.append({"event": event, **fields})

    debug = info = warning = error = note

    def bind(self, **_: object) -> "Lines":
        return self


def leaving(
    message: Message = MESSAGE, delivery: Delivery = DELIVERY, srs: Srs | None = SRS, log: Lines | None = None
) -> Outgoing:
    return Forwarding(srs, lambda domain: domain == CLOSING, log or Lines()).outgoing(message, delivery)


@pytest.mark.parametrize("because", [Because.FORWARDED, Because.FORWARDED_DISCLOSED])
def test_a_forward_leaves_under_a_sender_of_ours_and_says_whose_it_was(because: Because) -> None:
    found = leaving(delivery=replace(DELIVERY, because=because))
    assert found.front == b"Delivered-To: hanako@closing.example\r\n"
    assert str(SRS.reverse(Address.parse(found.sender), at=AT)) == "jiro@world.example"


@pytest.mark.parametrize("because", [one for one in Because if not one.startswith("forwarded")])
def test_what_is_not_forwarded_leaves_as_it_came(because: Because) -> None:
    delivery = replace(DELIVERY, because=because)
    assert leaving(delivery=delivery) == as_it_came(MESSAGE, delivery) == Outgoing("jiro@world.example", b"")


def test_the_null_sender_stays_null() -> None:
    found = leaving(replace(MESSAGE, mail_from=""))
    assert found == Outgoing("", b"Delivered-To: hanako@closing.example\r\n")


def test_each_attempt_has_the_same_sender() -> None:
    assert leaving() == leaving(delivery=replace(DELIVERY, attempts=7))


def test_a_sender_of_ours_is_believed_from_our_own_submission_mta_alone() -> None:
    ours = replace(MESSAGE, mail_from="taro@closing.example")
    assert leaving(replace(ours, client_kind="submission")).sender == "taro@closing.example"
    for kind in ("world", "inbound"):
        assert leaving(replace(ours, client_kind=kind)).sender.startswith("SRS0=")


def test_what_stays_in_the_house_keeps_its_sender() -> None:
    assert leaving(delivery=replace(DELIVERY, recipient="taro@closing.example")).sender == "jiro@world.example"


def test_a_sender_we_have_rewritten_once_is_not_rewritten_again() -> None:
    once = SRS.forward("jiro@world.example", at=AT)
    assert leaving(replace(MESSAGE, mail_from=once)).sender == once


def test_without_srs_nothing_is_rewritten() -> None:
    assert leaving(srs=None) == Outgoing("jiro@world.example", b"Delivered-To: hanako@closing.example\r\n")


def test_a_sender_that_cannot_be_rewritten_is_told_and_its_mail_goes_on() -> None:
    log = Lines()
    found = leaving(replace(MESSAGE, mail_from="b" * 250 + "@lists.example"), log=log)
    assert (found.sender, found.front) == ("", b"Delivered-To: hanako@closing.example\r\n")
    (told,) = log.events
    assert told["event"] == "sender-not-rewritten"
    assert "longer than 254 octets" in str(told["why"])


def test_a_utf8_sender_is_rewritten_in_utf8() -> None:
    found = leaving(replace(MESSAGE, mail_from="\u592a\u90ce@world.example", smtputf8=True))
    assert found.sender.endswith("=world.example=\u592a\u90ce@srs.surviving.example")


@given(st.from_regex(r"[a-z0-9.+_-]{1,30}", fullmatch=True))
def test_a_message_that_comes_back_is_known_by_what_we_put_in_front(local: str) -> None:
    asked = Address(local, CLOSING)
    verdict = Forward(
        asked, Address.parse("x@newhome.example"), keep=False, because=Because.FORWARDED, reply=RECIPIENT_OK
    )
    octets = delivered_to(str(asked)) + b"Subject: x\r\n\r\n"
    assert loops.judge(read_header(octets), [(asked, verdict)], hop_limit=50).refused


def test_a_signed_message_still_verifies_after_forwarding() -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    )
    public = key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    record = b"v=DKIM1; k=rsa; p=" + base64.b64encode(public)
    content = (
        b"From: jiro@world.example\r\nTo: hanako@closing.example\r\nSubject: signed\r\n"
        b"Date: Sun, 22 Nov 2026 09:00:00 +0900\r\nMessage-ID: <1@world.example>\r\n\r\nAs it was written.\r\n"
    )
    headers = [b"From", b"To", b"Subject", b"Date", b"Message-ID"]
    signed = dkim.sign(content, b"s1", b"world.example", pem, include_headers=headers) + content
    forwarded = leaving().front + MESSAGE.trace + signed
    assert forwarded.endswith(content)
    keys = {"s1._domainkey.world.example": record}
    assert list(signatures.verify(forwarded, keys)) == ["world.example"]
    assert list(signatures.verify(forwarded.replace(b"As it", b"As It"), keys)) == []
