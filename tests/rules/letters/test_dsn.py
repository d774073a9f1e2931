"""Reports to senders: what they say to machines and to people, and what nobody can bring into them."""

from dataclasses import replace
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage, Message
from email.policy import SMTP, SMTPUTF8
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailsvc.letters.dsn import Report, Returned, compose
from mailsvc.letters.dsn_fields import Action, Told, status
from mailsvc.letters.dsn_words import reason
from mailsvc.letters.letter import BadLetter
from schedules.names import Address, BadName

AT = datetime(2026, 11, 22, 9, 30, tzinfo=ZoneInfo("Asia/Tokyo"))
ARRIVED = datetime(2026, 11, 22, 0, 29, tzinfo=UTC)
POSTMASTER = Address.parse("postmaster@mx.provider.example")
SENDER = Address.parse("taro@world.example")
HANAKO = Address.parse("hanako@closing.example")
ORIGINAL = b"Message-ID: <one@world.example>\r\nFrom: taro@world.example\r\nSubject: hello\r\n\r\nsecret body\r\n"
FAILED = Told(HANAKO, Action.FAILED, "5.1.1")


def composed(report: Report) -> bytes:
    return compose(report, sender=POSTMASTER, host="mx.provider.example", at=AT)


def parsed(octets: bytes) -> EmailMessage:
    message = message_from_bytes(octets, policy=SMTPUTF8)
    assert isinstance(message, EmailMessage)
    assert not message.defects
    return message


def report(*told: Told, **facts: object) -> Report:
    given_facts: dict[str, object] = {"key": "01ABC", "to": SENDER, "original": ORIGINAL} | facts
    return Report(recipients=told or (FAILED,), **given_facts)  # type: ignore[arg-type]


def fields(octets: bytes, *, kind: str = "message/delivery-status") -> list[dict[str, str]]:
    """The groups of the second part, read from its octets by hand."""
    message = message_from_bytes(octets, policy=SMTP)
    boundary = message.get_boundary()
    assert boundary is not None
    part = octets.split(f"\r\n--{boundary}".encode())[2]
    head, _, body = part.removeprefix(b"\r\n").partition(b"\r\n\r\n")
    assert head.startswith(f"Content-Type: {kind}".encode())
    assert body.endswith(b"\r\n")
    return [
        dict(line.split(": ", 1) for line in group.split("\r\n") if line)
        for group in body.decode("utf-8").removesuffix("\r\n").split("\r\n\r\n")
    ]


def test_the_header_says_that_it_is_a_report() -> None:
    message = parsed(composed(report()))
    assert message.get_content_type() == "multipart/report"
    assert message["Content-Type"].params["report-type"] == "delivery-status"
    assert message["From"] == "Mail Delivery System <postmaster@mx.provider.example>"
    assert message["To"] == "taro@world.example"
    assert message["Auto-Submitted"] == "auto-replied"
    assert message["Date"] == "Sun, 22 Nov 2026 09:30:00 +0900"
    assert message["In-Reply-To"] == message["References"] == "<one@world.example>"
    assert message["Subject"] == "メールを配達できませんでした / Mail could not be delivered"
    assert [part.get_content_type() for part in message.iter_parts()] == [
        "text/plain",
        "message/delivery-status",
        "text/rfc822-headers",
    ]


def test_python_reads_the_second_part_as_groups_of_fields() -> None:
    parts = list(parsed(composed(report(FAILED, FAILED))).iter_parts())
    groups = parts[1].get_payload()
    assert isinstance(groups, list)
    assert [sorted(group.keys()) for group in groups if isinstance(group, Message)] == [
        ["Reporting-MTA"],
        ["Action", "Final-Recipient", "Status"],
        ["Action", "Final-Recipient", "Status"],
    ]


def test_people_read_our_own_words_in_two_languages() -> None:
    text = next(parsed(composed(report())).iter_parts()).get_content().replace("\r\n", "\n")
    assert "hanako@closing.example\n    このアドレスは存在しません。" in text
    assert "hanako@closing.example\n    There is no such address." in text
    assert text.index("メール") < text.index("Mail could not be delivered")


def test_the_fields_of_the_message_and_of_each_recipient() -> None:
    told = Told(HANAKO, Action.FAILED, "5.2.2", orcpt="rfc822;Hanako+2Bx@closing.example", diagnostic="552 5.2.2 Full")
    late = Told(
        Address.parse("jiro@closing.example"), Action.DELAYED, "4.4.1", retried_until=datetime(2026, 11, 27, tzinfo=UTC)
    )
    assert fields(composed(report(told, late, envid="QQ+2B314159", arrived=ARRIVED))) == [
        {
            "Original-Envelope-Id": "QQ+314159",
            "Reporting-MTA": "dns; mx.provider.example",
            "Arrival-Date": "Sun, 22 Nov 2026 00:29:00 +0000",
        },
        {
            "Original-Recipient": "rfc822; Hanako+x@closing.example",
            "Final-Recipient": "rfc822; hanako@closing.example",
            "Action": "failed",
            "Status": "5.2.2",
            "Diagnostic-Code": "smtp; 552 5.2.2 Full",
        },
        {
            "Final-Recipient": "rfc822; jiro@closing.example",
            "Action": "delayed",
            "Status": "4.4.1",
            "Will-Retry-Until": "Fri, 27 Nov 2026 00:00:00 +0000",
        },
    ]


def test_only_the_header_goes_back_unless_all_was_asked_for() -> None:
    header = composed(report())
    assert b"Subject: hello" in header
    assert b"secret body" not in header
    whole = composed(report(returned=Returned.WHOLE))
    assert ORIGINAL in whole
    assert [part.get_content_type() for part in parsed(whole).iter_parts()][2] == "message/rfc822"


def test_octets_beyond_ascii_in_a_returned_header_are_quoted() -> None:
    made = report(original="Subject: 件名\r\n\r\n".encode() + b"x" * 10)
    assert not made.eight_bit
    octets = composed(made)
    assert octets.isascii()
    part = list(parsed(octets).iter_parts())[2]
    assert part.get_payload(decode=True) == "Subject: 件名\r\n".encode()


def test_a_returned_header_is_plain_lines_whatever_it_was() -> None:
    octets = composed(report(original=b"Subject: a\nX: b\rY: c\x00" + b"d" * 1200 + b"\n\nbody"))
    part = list(parsed(octets).iter_parts())[2]
    assert b"\x00" not in octets
    assert b"\n" not in octets.replace(b"\r\n", b"")
    assert max(map(len, octets.split(b"\r\n"))) < 100
    assert part.get_payload(decode=True) == b"Subject: a\r\nX: b\r\nY: c\x00" + b"d" * 1200 + b"\r\n"


def test_a_message_that_is_no_longer_kept_is_told_without_its_header() -> None:
    kinds = [part.get_content_type() for part in parsed(composed(report(original=b""))).iter_parts()]
    assert kinds == ["text/plain", "message/delivery-status"]


def test_a_whole_message_beyond_ascii_goes_as_eight_bit() -> None:
    made = report(original="Subject: x\r\n\r\n本文\r\n".encode(), returned=Returned.WHOLE)
    assert made.eight_bit
    assert not made.needs_smtputf8
    assert parsed(composed(made))["Content-Transfer-Encoding"] == "8bit"
    assert "本文".encode() in composed(made)


def test_where_smtputf8_was_spoken_the_report_speaks_it_too() -> None:
    told = Told(Address.parse("花子@closing.example"), Action.FAILED, "5.1.1", orcpt="utf-8;花子@closing.example")
    made = report(told, smtputf8=True)
    assert made.needs_smtputf8
    octets = composed(made)
    assert fields(octets, kind="message/global-delivery-status")[1] == {
        "Original-Recipient": "utf-8; 花子@closing.example",
        "Final-Recipient": "utf-8; 花子@closing.example",
        "Action": "failed",
        "Status": "5.1.1",
    }
    assert [part.get_content_type() for part in parsed(octets).iter_parts()][2] == "message/global-headers"


def test_where_it_was_not_spoken_an_address_beyond_ascii_is_written_in_ascii() -> None:
    told = Told(Address.parse("花子@closing.example"), Action.FAILED, "5.1.1", orcpt=r"utf-8;\x{82B1}@closing.example")
    octets = composed(report(told))
    assert octets.isascii()
    assert fields(octets)[1]["Final-Recipient"] == r"utf-8; \x{82B1}\x{5B50}@closing.example"
    assert fields(octets)[1]["Original-Recipient"] == r"utf-8; \x{82B1}@closing.example"


def test_a_sender_beyond_ascii_is_written_to_by_smtputf8() -> None:
    made = report(to=Address.parse("太郎@world.example"))
    assert made.needs_smtputf8
    assert "To: 太郎@world.example\r\n".encode() in composed(made)


@pytest.mark.parametrize(
    ("action", "reply", "code"),
    [
        (Action.FAILED, "550 5.1.1 No such user x@hidden.example", "5.1.1"),
        (Action.FAILED, "5.1.10 null MX", "5.1.10"),
        (Action.FAILED, "550 gone away", "5.0.0"),
        (Action.FAILED, "451 4.3.0 try later", "5.4.7"),
        (Action.FAILED, "421 closing", "5.4.7"),
        (Action.FAILED, "", "5.0.0"),
        (Action.DELAYED, "451 4.3.0 try later", "4.3.0"),
        (Action.DELAYED, "no route", "4.0.0"),
        (Action.DELIVERED, "250 2.1.5 OK", "2.0.0"),
        (Action.RELAYED, "250 OK", "2.0.0"),
    ],
)
def test_the_status_comes_from_the_last_reply_where_that_fits(action: Action, reply: str, code: str) -> None:
    assert status(action, reply) == code


@pytest.mark.parametrize("code", ["5.1.1", "5.1.99", "5.2.2", "5.4.7", "5.7.1", "5.0.0", "5.5.0", "4.9.9"])
@pytest.mark.parametrize("action", list(Action))
def test_there_is_a_sentence_for_every_status(action: Action, code: str) -> None:
    said = reason(Told(HANAKO, action, code))
    assert said.ja.endswith("。")
    assert said.en.endswith(".")


def test_one_key_is_one_message_id_and_another_is_another() -> None:
    first, again, other = (parsed(composed(report(key=key)))["Message-ID"] for key in ("a", "a", "b"))
    assert first == again != other


def test_a_report_is_about_somebody() -> None:
    with pytest.raises(BadLetter, match="somebody"):
        Report("key", SENDER, (), ORIGINAL)


@pytest.mark.parametrize(
    "named",
    [
        b"<a@b>\r\n\tBcc: x@y.example",
        b"no brackets",
        b"<a b@c.example>",
        b"<" + b"a" * 300 + b"@b>",
        b"<a@b><c@d>",
        b"<a=?utf-8?q?=0d=0aBcc:_x?=@b.example>",
        b"<a@=?utf-8?q?=0d=0aBcc:_x?=>",
    ],
)
def test_a_message_id_that_cannot_be_repeated_is_not(named: bytes) -> None:
    message = parsed(composed(report(original=b"Message-ID: " + named + b"\r\n\r\n")))
    assert message["In-Reply-To"] is None
    assert message["References"] is None
    assert message["Bcc"] is None


def test_no_report_is_written_to_a_sender_that_would_add_a_field() -> None:
    sender = Address.parse('"=?utf-8?q?=0d=0aBcc:x?="@b.example')
    with pytest.raises(BadLetter, match="encoded word"):
        composed(replace(report(), to=sender))


def test_what_is_returned_cannot_end_its_part() -> None:
    boundary = parsed(composed(report())).get_boundary()
    assert boundary is not None
    hostile = ORIGINAL + f"\r\n--{boundary}--\r\nforged\r\n".encode()
    message = parsed(composed(report(original=hostile, returned=Returned.WHOLE)))
    assert message.get_boundary() != boundary
    assert len(list(message.iter_parts())) == 3


HOSTILE = st.text(st.sampled_from("a;@+0D0A \r\n\t\x00\x85\u2028:<>{}\\x花=-"), max_size=60)


def is_address(text: str) -> bool:
    try:
        Address.parse(text)
    except BadName:
        return False
    return True


ADDRESSES = st.text(max_size=20).map("{}@closing.example".format).filter(is_address).map(Address.parse)


@given(HOSTILE, HOSTILE, HOSTILE, ADDRESSES, st.binary(max_size=200), st.booleans())
def test_nothing_a_stranger_wrote_adds_a_field(
    envid: str, orcpt: str, diagnostic: str, address: Address, original: bytes, smtputf8: bool
) -> None:
    told = Told(address, Action.FAILED, "5.1.1", orcpt=f"rfc822;{orcpt}", diagnostic=diagnostic)
    made = report(told, envid=envid, original=original, smtputf8=smtputf8)
    octets = composed(made)
    message = message_from_bytes(octets, policy=SMTPUTF8)
    assert set(message.keys()) <= {
        *("From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "MIME-Version", "Content-Type"),
        *("Content-Transfer-Encoding", "In-Reply-To", "References"),
    }
    kind = "message/global-delivery-status" if made.needs_smtputf8 else "message/delivery-status"
    per_message, per_recipient = fields(octets, kind=kind)
    assert set(per_message) <= {"Original-Envelope-Id", "Reporting-MTA"}
    names = {"Original-Recipient", "Final-Recipient", "Action", "Status", "Diagnostic-Code"}
    assert set(per_recipient) <= names
    assert (per_recipient["Action"], per_recipient["Status"]) == ("failed", "5.1.1")
