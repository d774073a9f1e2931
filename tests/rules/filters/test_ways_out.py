"""Mail that goes on: forwarded for those who asked for it, sent by those who may."""

import pytest

from filters.mail import AddressKind, Client, Left, Sender, Standing
from filters.verdict import Accept, Because, Defer, Forward, Refuse
from schedules.words import Capability, Rule, Stage
from tests.rules.filters import facts
from tests.rules.filters.facts import (
    INBOUND,
    SUBMISSION,
    WORLD,
    address,
    after_forward_end,
    after_the_end,
    forwards,
    judged,
    local_sender,
    moved,
    over,
    ruling,
    rulings,
    standing,
    suspended,
)


class TestForwarding:
    def test_goes_to_the_target_and_keeps_no_copy_unless_asked(self) -> None:
        verdict = judged(standing("jiro", forwarding=forwards("n@else.example")))
        assert isinstance(verdict, Forward)
        assert (verdict.mailbox, verdict.target, verdict.keep) == (address("jiro"), address("n@else.example"), False)

    @pytest.mark.parametrize(
        ("of", "keep"),
        [
            (standing(forwarding=forwards("n@else.example", keep=True)), True),
            (standing(forwarding=forwards("n@else.example", keep=True), at=suspended()), True),
            (standing(forwarding=forwards("n@else.example", keep=True), at=after_the_end()), False),
            (standing(forwarding=forwards("n@else.example", keep=True), usage=over()), False),
            (standing(forwarding=forwards("n@else.example", keep=True), left=moved(None)), False),
        ],
        ids=["live", "suspended but kept", "mailbox closed", "mailbox full", "left"],
    )
    def test_a_copy_stays_only_where_the_mailbox_takes_mail(self, of: Standing, *, keep: bool) -> None:
        verdict = judged(of)
        assert isinstance(verdict, Forward)
        assert verdict.keep is keep

    def test_that_ends_before_receiving_lets_mail_into_the_mailbox_again(self) -> None:
        at = rulings(forward=ruling(Capability.FORWARD, allowed=False, rule=Rule.STAGE))
        verdict = judged(standing(at=at, forwarding=forwards("n@else.example", disclose=True)))
        assert (type(verdict), verdict.because) == (Accept, Because.LIVE)

    def test_that_has_ended_names_nobody_in_a_passing_refusal(self) -> None:
        at = rulings(
            forward=ruling(Capability.FORWARD, allowed=False, rule=Rule.STAGE),
            receive=ruling(Capability.RECEIVE, allowed=False, rule=Rule.BROWN_OUT, deferred=True),
        )
        verdict = judged(standing(at=at, forwarding=forwards("n@else.example", disclose=True)))
        assert (verdict.reply.code, verdict.because) == (450, Because.BROWN_OUT)

    def test_of_a_suspended_contract_names_nobody_when_refused(self) -> None:
        at = rulings(
            forward=ruling(Capability.FORWARD, allowed=False, rule=Rule.SUSPENSION),
            receive=ruling(Capability.RECEIVE, allowed=False, rule=Rule.SUSPENSION),
        )
        verdict = judged(standing(at=at, forwarding=forwards("n@else.example", disclose=True)))
        assert (verdict.reply.code, verdict.reply.enhanced, verdict.because) == (550, "5.2.1", Because.SUSPENDED)

    def test_of_a_role_address_is_followed(self) -> None:
        verdict = judged(standing("abuse", kind=AddressKind.ROLE, forwarding=forwards("noc@else.example")))
        assert isinstance(verdict, Forward)
        assert verdict.target == address("noc@else.example")

    def test_of_a_role_address_falls_back_to_its_mailbox_after_forward_end(self) -> None:
        at = after_forward_end()
        verdict = judged(standing("abuse", kind=AddressKind.ROLE, at=at, forwarding=forwards("noc@else.example")))
        assert (type(verdict), verdict.because) == (Accept, Because.ROLE_ADDRESS)


class TestForwardingThatIsOffForATime:
    OFF = ruling(Capability.FORWARD, allowed=False, rule=Rule.SWITCH, deferred=True)
    ENDED = facts.ended(Capability.RECEIVE, Stage.RECEIVE_END)
    WISH = forwards("n@else.example", disclose=True)

    def test_leaves_mail_in_a_mailbox_that_takes_it(self) -> None:
        verdict = judged(standing(at=rulings(forward=self.OFF), forwarding=self.WISH))
        assert (type(verdict), verdict.because) == (Accept, Because.LIVE)

    @pytest.mark.parametrize("left", [None, facts.moved("n@else.example")], ids=["ended", "left"])
    def test_puts_off_what_no_mailbox_takes(self, left: Left | None) -> None:
        at = rulings(forward=self.OFF, receive=self.ENDED)
        verdict = judged(standing(at=at, forwarding=self.WISH, left=left))
        assert (type(verdict), str(verdict.reply)[:9]) == (Defer, "450 4.1.6")
        assert verdict.because is Because.SERVICE_ENDED_SOFTLY

    def test_for_good_refuses_with_the_new_address(self) -> None:
        off = ruling(Capability.FORWARD, allowed=False, rule=Rule.SWITCH)
        verdict = judged(standing(at=rulings(forward=off, receive=self.ENDED), forwarding=self.WISH))
        assert (type(verdict), str(verdict.reply)[:9]) == (Refuse, "551 5.1.6")


class TestSending:
    @pytest.mark.parametrize("to", [facts.stranger(), standing("goro"), standing(kind=None)],
                             ids=["outward", "local", "unknown"])  # fmt: skip
    def test_after_send_end_is_refused_for_every_recipient(self, to: Standing) -> None:
        verdict = judged(to, SUBMISSION, local_sender(after_the_end()))
        assert (type(verdict), verdict.reply.code, verdict.reply.enhanced, verdict.because) == (
            Refuse, 550, "5.7.1", Because.SEND_ENDED,
        )  # fmt: skip

    def test_after_send_end_still_reaches_the_postmaster(self) -> None:
        verdict = judged(standing("postmaster", kind=AddressKind.ROLE), SUBMISSION, local_sender(after_the_end()))
        assert verdict.because is Because.ROLE_ADDRESS

    def test_of_a_suspended_subscriber_is_refused_with_the_date(self) -> None:
        verdict = judged(facts.stranger(), SUBMISSION, local_sender(suspended()))
        assert (type(verdict), verdict.because) == (Refuse, Because.SENDER_SUSPENDED)
        assert str(verdict.reply).startswith("550 5.7.1 Sending from this address is suspended since 2024-02-01: Mail")

    def test_of_an_expired_address_without_a_date_is_refused(self) -> None:
        at = rulings(send=ruling(Capability.SEND, allowed=False, rule=Rule.EXPIRY))
        verdict = judged(facts.stranger(), SUBMISSION, local_sender(at))
        assert str(verdict.reply) == "550 5.7.1 Sending has ended: Mail service at closing.example has ended"

    @pytest.mark.parametrize(
        ("rule", "because"),
        [
            (Rule.SOFT_START, Because.SEND_ENDED),
            (Rule.SWITCH, Because.SEND_ENDED),
            (Rule.SUSPENSION, Because.SENDER_SUSPENDED),
        ],
    )
    def test_that_is_put_off_is_answered_450(self, rule: Rule, because: Because) -> None:
        at = rulings(send=ruling(Capability.SEND, allowed=False, rule=rule, deferred=True))
        verdict = judged(facts.stranger(), SUBMISSION, local_sender(at))
        assert (type(verdict), verdict.reply.code, verdict.reply.enhanced, verdict.because) == (
            Defer, 450, "4.7.1", because,
        )  # fmt: skip

    def test_that_is_switched_off_for_good_is_refused_with_the_date(self) -> None:
        off = ruling(Capability.SEND, allowed=False, rule=Rule.SWITCH, since=facts.END)
        verdict = judged(facts.stranger(), SUBMISSION, local_sender(rulings(send=off)))
        assert (type(verdict), verdict.because) == (Refuse, Because.SEND_ENDED)
        assert str(verdict.reply).startswith("550 5.7.1 Sending from this address ended 2024-02-01 00:00 +0900")

    @pytest.mark.parametrize("client", [WORLD, INBOUND], ids=["world", "inbound"])
    def test_is_no_business_of_other_clients(self, client: Client) -> None:
        verdict = judged(standing("goro"), client, local_sender(after_the_end()))
        assert verdict.because is Because.LIVE

    def test_of_a_sender_without_rulings_goes_on(self) -> None:
        sender = Sender(address("x"), Standing(address("x"), ours=True, kind=None))
        assert judged(facts.stranger(), SUBMISSION, sender).because is Because.OUTWARD
