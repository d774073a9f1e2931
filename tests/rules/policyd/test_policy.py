from pathlib import Path

import pytest

from filters import replies
from filters.mail import ClientKind
from filters.verdict import Because, Defer, Forward, Refuse
from schedules.names import Address
from tests.rules.policyd.asking import FakeVerdicts, question, serving, settings_with

HANAKO, NEW = Address.parse("hanako@closing.example"), Address.parse("new@elsewhere.example")


def said(verdict: Refuse | Defer) -> FakeVerdicts:
    return FakeVerdicts({str(HANAKO): verdict})


async def test_where_all_is_well_the_word_is_left_to_the_mta() -> None:
    verdicts = FakeVerdicts(
        {"f@closing.example": Forward(HANAKO, NEW, keep=False, because=Because.FORWARDED, reply=replies.RECIPIENT_OK)}
    )
    async with serving(verdicts) as asked:
        assert await asked.policy() == "DUNNO"
        assert await asked.policy(recipient="f@closing.example") == "DUNNO"
    client, sender, recipient, size, transaction = verdicts.asked[0]
    assert (client.kind, client.ip, client.helo) == (ClientKind.WORLD, "192.0.2.7", "mx.world.example")
    assert (sender, recipient) == (Address.parse("a@world.example"), HANAKO)
    assert (size, transaction) == (12345, ""), "no room is reserved for what may never come"


@pytest.mark.parametrize(
    ("verdict", "action"),
    [
        (Refuse(Because.UNKNOWN_ADDRESS, replies.UNKNOWN_ADDRESS), "550 5.1.1 No such address here"),
        (
            Refuse(Because.MOVED_DISCLOSED, replies.moved_disclosed(NEW)),
            "551 5.1.6 User not local; please try <new@elsewhere.example>",
        ),
        (Refuse(Because.OVER_QUOTA, replies.OVER_QUOTA), "550 5.2.2 Mailbox full"),
        (Defer(Because.OVER_QUOTA_GRACE, replies.OVER_QUOTA_GRACE), "452 4.2.2 Mailbox full"),
        (Defer(Because.FACTS_AWAY, replies.FACTS_AWAY), f"{replies.FACTS_AWAY}"),
    ],
)
async def test_a_refusal_has_our_code_and_words(verdict: Refuse | Defer, action: str) -> None:
    async with serving(said(verdict)) as asked:
        assert await asked.policy() == action
        assert asked.log.events()[-1] == "policy-refused"
        count = {"code": action[:3], "because": str(verdict.because)}
        assert asked.metrics.registry.get_sample_value("lastpost_replies_total", count) == 1


async def test_soft_bounce_softens_here_too() -> None:
    verdict = Refuse(Because.UNKNOWN_ADDRESS, replies.UNKNOWN_ADDRESS)
    async with serving(said(verdict), settings_with({"soft_bounce": True})) as asked:
        assert await asked.policy() == "450 4.1.1 No such address here"


async def test_mail_for_others_is_the_mtas_own_affair_unless_it_is_submitted() -> None:
    verdicts = FakeVerdicts({"x@other.example": Refuse(Because.SEND_ENDED, replies.RELAY_DENIED)})
    async with serving(verdicts) as asked:
        assert await asked.policy(recipient="x@other.example") == "DUNNO"
        assert verdicts.asked == [], "nobody is held to a rate for it"
        assert await asked.policy(recipient="x@other.example", sasl_username="hanako") == f"{replies.RELAY_DENIED}"


async def test_bounces_of_forwarded_mail_are_judged(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("a secret of one line, long enough to be one")
    secret.chmod(0o600)
    forwarding = {"srs_domain": "srs.surviving.example", "srs_secrets": [{"file": str(secret)}]}
    forged = "SRS0=x=y=z=a@srs.surviving.example"
    verdicts = FakeVerdicts({forged: Refuse(Because.UNKNOWN_ADDRESS, replies.UNKNOWN_ADDRESS)})
    async with serving(verdicts, settings_with({"forwarding": forwarding})) as asked:
        assert await asked.policy(recipient=forged, sender="") == "550 5.1.1 No such address here"


@pytest.mark.parametrize(("told", "ip"), [("unknown", "0.0.0.0"), ("", "0.0.0.0"), ("2001:DB8::1", "2001:db8::1")])
async def test_a_client_without_an_address_is_nobody(told: str, ip: str) -> None:
    verdicts = FakeVerdicts()
    async with serving(verdicts) as asked:
        await asked.policy(client_address=told)
    assert verdicts.asked[0][0].ip == ip


async def test_who_has_logged_in_submits_whatever_the_listener_is_for() -> None:
    verdicts = FakeVerdicts()
    async with serving(verdicts) as asked:
        await asked.policy(sasl_username="hanako")
    async with serving(
        verdicts,
        settings_with({"policy": {"listen": "127.0.0.1:0", "socketmap": "127.0.0.1:0", "asked_for": "inbound"}}),
    ) as asked:
        await asked.policy()
        await asked.policy(sasl_username="hanako")
    kinds = [client.kind for client, *_ in verdicts.asked]
    assert kinds == [ClientKind.SUBMISSION, ClientKind.INBOUND, ClientKind.SUBMISSION]


async def test_the_null_sender_and_odd_local_parts_are_asked_as_they_are() -> None:
    verdicts = FakeVerdicts()
    async with serving(verdicts) as asked:
        for recipient in ("hanako yamada@closing.example", "a@b@closing.example", "花子@closing.example"):
            assert await asked.policy(sender="", recipient=recipient) == "DUNNO"
    assert [(sender, recipient.local) for _, sender, recipient, *_ in verdicts.asked] == [
        (None, "hanako yamada"),
        (None, "a@b"),
        (None, "花子"),
    ]


@pytest.mark.parametrize("address", ["postmaster", "@closing.example", "a@", "a@b..c", "", "a\x07@closing.example"])
async def test_what_is_no_address_is_left_to_the_mta(address: str) -> None:
    verdicts = FakeVerdicts()
    async with serving(verdicts) as asked:
        assert await asked.policy(recipient=address) == "DUNNO"
        if address:
            assert await asked.policy(sender=address) == "DUNNO"
    assert verdicts.asked == []


@pytest.mark.parametrize("stage", ["CONNECT", "EHLO", "HELO", "MAIL", "VRFY", "ETRN"])
async def test_other_stages_have_no_verdict(stage: str) -> None:
    verdicts = said(Refuse(Because.UNKNOWN_ADDRESS, replies.UNKNOWN_ADDRESS))
    async with serving(verdicts) as asked:
        assert await asked.policy(protocol_state=stage) == "DUNNO"
    assert verdicts.asked == []


async def test_the_message_as_a_whole_is_judged_by_size_and_recipients() -> None:
    async with serving(FakeVerdicts()) as asked:
        at_end = {"protocol_state": "END-OF-MESSAGE", "recipient": ""}
        assert await asked.policy(**at_end, size="1000000", recipient_count="100") == "DUNNO"
        assert await asked.policy(**at_end, size="1000001") == "552 5.3.4 Message too big"
        assert await asked.policy(**at_end, size="1", recipient_count="101") == f"{replies.TOO_MANY_RECIPIENTS}"
        assert await asked.policy(protocol_state="DATA", recipient="", size="1000001") == "552 5.3.4 Message too big"


async def test_a_host_that_has_ended_says_so_at_every_stage() -> None:
    gateway = {"listeners": [{"listen": "127.0.0.1:0"}], "closed": True}
    async with serving(FakeVerdicts(), settings_with({"gateway": gateway})) as asked:
        for stage in ("CONNECT", "RCPT", "END-OF-MESSAGE"):
            assert await asked.policy(protocol_state=stage) == "521 5.3.2 This host no longer accepts mail"


async def test_many_questions_on_one_connection() -> None:
    verdicts = said(Refuse(Because.UNKNOWN_ADDRESS, replies.UNKNOWN_ADDRESS))
    async with serving(verdicts) as asked:
        octets = question(recipient="jiro@closing.example") + question() + question(protocol_state="DATA")
        assert await asked.actions(octets) == ["DUNNO", "550 5.1.1 No such address here", "DUNNO"]
        assert await asked.actions(octets.replace(b"\n", b"\r\n")) == [
            "DUNNO",
            "550 5.1.1 No such address here",
            "DUNNO",
        ]


@pytest.mark.parametrize(
    "octets",
    [
        b"\n",
        b"GET / HTTP/1.0\r\n\r\n",
        b"request=other\n\n",
        question(protocol_state="NOWHERE"),
        question(size="many"),
        question(size="-1"),
        question(size="1" * 19),
        question()[:-1],
        question()[:40],
        b"=x\n\n",
        b"a=" + b"x" * 100_000,
        b"a=x\n" * 20_000 + b"\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01",
    ],
)
async def test_what_is_no_question_gets_no_answer_and_ends_the_connection(octets: bytes) -> None:
    async with serving(FakeVerdicts()) as asked:
        assert await asked.say(asked.policy_port, octets) == b""
        assert "policy-garbled" in asked.log.events()
        assert await asked.policy() == "DUNNO"


async def test_a_fault_of_ours_puts_mail_off_and_shows_nothing() -> None:
    verdicts = FakeVerdicts(failure=RuntimeError("secret"))
    async with serving(verdicts) as asked:
        assert await asked.policy() == f"{replies.INTERNAL_ERROR}"
        assert "policy-failed" in asked.log.events()
