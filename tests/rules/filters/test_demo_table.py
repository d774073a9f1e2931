"""The table of the demo world, every cell, before the end, after it and after the end of forwarding."""

from collections.abc import Callable

import pytest

from filters import judge
from filters.mail import AddressKind, Client, Sender, Standing
from filters.verdict import Accept, Because, Forward, RecipientVerdict, Refuse
from schedules.words import Rulings
from tests.rules.filters.facts import (
    CLIENTS,
    FOREIGN_SENDER,
    NOTICE,
    NULL_SENDER,
    SUBMISSION,
    after_forward_end,
    after_the_end,
    before_the_end,
    forwards,
    local_sender,
    moved,
    over,
    standing,
    stranger,
    suspended,
)

Moment = Callable[[], Rulings]
BEFORE, AFTER, FORWARD_OVER = before_the_end, after_the_end, after_forward_end


def hanako(at: Rulings) -> Standing:
    return standing("hanako", at=at)


def jiro(at: Rulings) -> Standing:
    return standing("jiro", at=at, forwarding=forwards("jiro@newhome.example", disclose=True))


def saburo(at: Rulings) -> Standing:
    return standing("saburo", at=at, forwarding=forwards("saburo@newhome.example"))


def shiro(at: Rulings) -> Standing:
    return standing("shiro", at=at, left=moved("shiro@elsewhere.example", disclose=True))


def goro(at: Rulings) -> Standing:
    return standing("goro", at=at, left=moved("goro@elsewhere.example"))


def mitsuru(at: Rulings) -> Standing:
    return standing("mitsuru", at=at, usage=over(grace_over=True))


def rokuro(at: Rulings) -> Standing:
    return standing("rokuro", at=suspended() if at == before_the_end() else at)


def postmaster(at: Rulings) -> Standing:
    return standing("postmaster", at=at, kind=AddressKind.ROLE)


def nobody(at: Rulings) -> Standing:
    return standing("nobody", at=at, kind=None)


ENDED = f"550 5.1.6 Mail service at closing.example has ended; see {NOTICE}"
TABLE: list[tuple[Callable[[Rulings], Standing], Moment, str, Because]] = [
    (hanako, BEFORE, "250 2.1.5 Recipient OK", Because.LIVE),
    (hanako, AFTER, ENDED, Because.SERVICE_ENDED),
    (hanako, FORWARD_OVER, ENDED, Because.SERVICE_ENDED),
    (jiro, BEFORE, "251 2.1.5 User not local; will forward to <jiro@newhome.example>", Because.FORWARDED_DISCLOSED),
    (jiro, AFTER, "251 2.1.5 User not local; will forward to <jiro@newhome.example>", Because.FORWARDED_DISCLOSED),
    (jiro, FORWARD_OVER, "551 5.1.6 User not local; please try <jiro@newhome.example>", Because.MOVED_DISCLOSED),
    (saburo, BEFORE, "250 2.1.5 Recipient OK", Because.FORWARDED),
    (saburo, AFTER, "250 2.1.5 Recipient OK", Because.FORWARDED),
    (saburo, FORWARD_OVER, ENDED, Because.SERVICE_ENDED),
    *(
        (shiro, at, "551 5.1.6 User not local; please try <shiro@elsewhere.example>", Because.MOVED_DISCLOSED)
        for at in (BEFORE, AFTER, FORWARD_OVER)
    ),
    *((goro, at, "550 5.1.6 This address is no longer in use", Because.MOVED) for at in (BEFORE, AFTER, FORWARD_OVER)),
    (mitsuru, BEFORE, "550 5.2.2 Mailbox full", Because.OVER_QUOTA),
    (mitsuru, AFTER, ENDED, Because.SERVICE_ENDED),
    (mitsuru, FORWARD_OVER, ENDED, Because.SERVICE_ENDED),
    (rokuro, BEFORE, "250 2.1.5 Recipient OK", Because.SUSPENDED_KEPT),
    (rokuro, AFTER, ENDED, Because.SERVICE_ENDED),
    (rokuro, FORWARD_OVER, ENDED, Because.SERVICE_ENDED),
    *((postmaster, at, "250 2.1.5 Recipient OK", Because.ROLE_ADDRESS) for at in (BEFORE, AFTER, FORWARD_OVER)),
    *((nobody, at, "550 5.1.1 No such address here", Because.UNKNOWN_ADDRESS) for at in (BEFORE, AFTER, FORWARD_OVER)),
]


def named(value: object) -> str:
    return getattr(value, "__name__", str(value))


@pytest.mark.parametrize(("who", "at", "reply", "because"), TABLE, ids=named)
@pytest.mark.parametrize("client", CLIENTS, ids=lambda client: str(client.kind))
def test_each_cell(
    client: Client, who: Callable[[Rulings], Standing], at: Moment, reply: str, because: Because
) -> None:
    verdict = judge.recipient(client, FOREIGN_SENDER, who(at()))
    assert (str(verdict.reply), verdict.because) == (reply, because)
    assert _class_fits(verdict)


def _class_fits(verdict: RecipientVerdict) -> bool:
    return isinstance(verdict, Accept | Forward) == (verdict.reply.code < 300)


@pytest.mark.parametrize("client", CLIENTS, ids=lambda client: str(client.kind))
def test_mail_for_elsewhere_is_relayed_for_submission_alone(client: Client) -> None:
    verdict = judge.recipient(client, FOREIGN_SENDER, stranger())
    if client is SUBMISSION:
        assert isinstance(verdict, Accept)
        assert (verdict.mailbox, verdict.because) == (stranger().asked, Because.OUTWARD)
        assert str(verdict.reply) == "250 2.1.5 Recipient OK"
    else:
        assert verdict.because is Because.RELAY_DENIED
        assert str(verdict.reply) == "550 5.7.1 Relaying denied"


def test_submission_of_hanako_before_and_after_send_end() -> None:
    before = judge.recipient(SUBMISSION, local_sender(BEFORE()), stranger())
    assert (before.reply.code, before.because) == (250, Because.OUTWARD)
    after = judge.recipient(SUBMISSION, local_sender(AFTER()), stranger())
    assert isinstance(after, Refuse)
    assert after.because is Because.SEND_ENDED
    assert str(after.reply) == (
        "550 5.7.1 Sending from this address ended 2024-02-01 00:00 +0900: Mail service at closing.example has ended"
    )


@pytest.mark.parametrize("sender", [NULL_SENDER, FOREIGN_SENDER], ids=["null", "foreign"])
def test_submission_of_null_and_foreign_senders_goes_on(sender: Sender) -> None:
    verdict = judge.recipient(SUBMISSION, sender, stranger())
    assert (verdict.reply.code, verdict.reply.enhanced, verdict.because) == (250, "2.1.5", Because.OUTWARD)
