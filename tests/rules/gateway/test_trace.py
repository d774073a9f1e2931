"""The Received line."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from email import message_from_bytes

import pytest
from hypothesis import given
from hypothesis import strategies as st

from filters.mail import Client, ClientKind
from filters.replies import RECIPIENT_OK
from filters.verdict import Accept, Because
from mailsvc.gateway.paths import ReversePath
from mailsvc.gateway.reception import Envelope, Mail, Taken
from mailsvc.gateway.trace import received
from schedules.names import Address

AT = datetime(2024, 1, 31, 23, 59, 59, tzinfo=timezone(timedelta(hours=9)))


def envelope(
    *recipients: str, helo: str = "me.example", ip: str = "192.0.2.1", tls: str = "", smtputf8: bool = False
) -> Envelope:
    taken = tuple(
        Taken(address, Accept(address, Because.LIVE, RECIPIENT_OK)) for address in map(Address.parse, recipients)
    )
    mail = Mail("ID1", ReversePath(None, smtputf8=smtputf8), "ESMTPS" if tls else "ESMTP")
    return Envelope(Client(ClientKind.WORLD, ip, 25, helo, tls), mail, taken)


def test_one_recipient_is_named() -> None:
    assert received(envelope("a@x.example"), "mx.x.example", AT) == (
        b"Received: from me.example ([192.0.2.1])\r\n\tby mx.x.example with ESMTP\r\n\tid ID1\r\n"
        b"\tfor <a@x.example>;\r\n\tWed, 31 Jan 2024 23:59:59 +0900\r\n"
    )


def test_of_several_none_is_named() -> None:
    assert b"x.example>" not in received(envelope("a@x.example", "b@x.example"), "mx.example", AT)


def test_tls_and_ipv6_are_told() -> None:
    line = received(envelope("a@x.example", ip="2001:db8::1", tls="TLSv1.3 TLS_AES_256_GCM_SHA384"), "mx.example", AT)
    assert b"([IPv6:2001:db8::1])" in line
    assert b"with ESMTPS (TLSv1.3 TLS_AES_256_GCM_SHA384)" in line


def test_beyond_ascii_only_with_smtputf8() -> None:
    assert received(envelope("花子@x.example"), "mx.example", AT).isascii()
    assert "花子@x.example".encode() in received(envelope("花子@x.example", smtputf8=True), "mx.example", AT)


@pytest.mark.parametrize("helo", ["a\r\nEvil: b", "a(b", "a;b", "a b", "\x00", "é", ""])
def test_no_name_breaks_the_line(helo: str) -> None:
    line = received(envelope("a@x.example", helo=helo), "mx.example", datetime(2024, 1, 1, tzinfo=UTC))
    assert line.count(b"\r\n") == 5
    assert line.count(b"(") == 1
    assert line.count(b";") == 1


@given(st.text(max_size=300))
def test_any_name_leaves_one_folded_header(helo: str) -> None:
    lines = received(envelope("a@x.example", helo=helo), "mx.example", AT).split(b"\r\n")
    assert lines[0].startswith(b"Received: from ")
    assert all(line.startswith(b"\t") for line in lines[1:-1])
    assert lines[-1] == b""
    assert max(map(len, lines)) < 998


def test_what_has_no_header_of_its_own_does_not_run_into_ours() -> None:
    headed = received(envelope("a@x.example"), "mx.example", AT)
    headless = received(replace(envelope("a@x.example"), headed=False), "mx.example", AT)
    assert headless == headed + b"\r\n"
    read = message_from_bytes(headless + b" folded\r\nSubject: x\r\n\r\ny\r\n")
    assert (read.keys(), read.get_payload()) == (["Received"], " folded\r\nSubject: x\r\n\r\ny\r\n")
