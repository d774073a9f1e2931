"""What must hold for whatever standing a directory and a plan may produce."""

from datetime import UTC, datetime

from hypothesis import given, settings
from hypothesis import strategies as st

from filters import judge
from filters.mail import AddressKind, Client, ClientKind, Forwarding, Left, Sender, Standing, Usage
from filters.verdict import Accept, Because, Defer, Forward, Refuse
from schedules.names import Address
from schedules.text import Text
from schedules.words import Capability, Rule, Ruling, Rulings
from tests.rules.filters.facts import CLIENTS, NOTICE, SOURCE, address

SECRET = "secret.new.home"  # no other word of these tests holds it
YES, NO = st.sampled_from([True]), st.sampled_from([False])
INSTANT = datetime(2024, 2, 1, tzinfo=UTC)

new_addresses = st.sampled_from(
    [Address.parse(f"{SECRET}@newhome.example"), Address.parse(f"{SECRET}.花@newhome.example"), address("hanako")]
)
reasons = st.builds(Text, st.just("理由"), st.text(min_size=1, max_size=60).filter(str.strip))
any_rulings = st.builds(
    lambda ones: Rulings({one.capability: one for one in ones}, None, None),
    st.tuples(
        *(
            st.builds(
                Ruling,
                st.just(capability),
                st.booleans(),
                st.sampled_from(Rule),
                reasons,
                st.just(SOURCE),
                since=st.sampled_from([None, INSTANT]),
                deferred=st.booleans(),
            )
            for capability in Capability
        )
    ),
)
usages = st.builds(
    Usage,
    st.integers(0, 200),
    st.sampled_from([0, 100]),
    st.sampled_from([None, INSTANT]),
    st.booleans(),
    st.booleans(),
)


def standings(*, disclose: st.SearchStrategy[bool], ours: st.SearchStrategy[bool]) -> st.SearchStrategy[Standing]:
    hanako = address("hanako")
    left = st.builds(Left, st.none() | new_addresses, disclose)
    forwarding = st.builds(Forwarding, new_addresses, st.booleans(), disclose, st.booleans())
    known = st.builds(
        Standing,
        st.just(hanako),
        YES,
        st.none() | st.sampled_from(AddressKind),
        st.sampled_from([hanako, None]),
        st.none() | any_rulings,
        st.none() | left,
        st.none() | forwarding,
        st.none() | usages,
        st.sampled_from(["", NOTICE]),
    )
    strange = st.builds(Standing, st.just(address("x@elsewhere.example")), NO, st.none())
    return ours.flatmap(lambda is_ours: known if is_ours else strange)


anybody = standings(disclose=st.booleans(), ours=st.booleans())
senders = st.one_of(
    st.just(Sender(None)),
    st.just(Sender(address("a@world.example"))),
    st.builds(Sender, st.just(address("hanako")), standings(disclose=st.booleans(), ours=YES)),
)
clients = st.sampled_from(CLIENTS)


@settings(max_examples=400)
@given(clients, senders, anybody)
def test_every_verdict_has_a_reason_and_a_reply_of_its_kind(client: Client, sender: Sender, standing: Standing) -> None:
    verdict = judge.recipient(client, sender, standing)
    assert verdict.because
    first = {Accept: 2, Forward: 2, Defer: 4, Refuse: 5}[type(verdict)]
    assert verdict.reply.code // 100 == first
    assert verdict.reply.enhanced.startswith(f"{first}.")
    line = str(verdict.reply)
    assert line.isascii()
    assert line.isprintable()
    assert len(line) <= 510
    assert verdict.reply.softened().code < 500


@settings(max_examples=400)
@given(clients, senders, standings(disclose=NO, ours=YES))
def test_a_new_address_is_never_said_without_consent_ky_16(client: Client, sender: Sender, standing: Standing) -> None:
    verdict = judge.recipient(client, sender, standing)
    assert SECRET not in str(verdict.reply)
    assert SECRET not in str(verdict.reply.softened())
    assert verdict.reply.code not in {251, 551}


@settings(max_examples=400)
@given(clients, senders, anybody)
def test_251_and_551_are_for_consented_disclosure_alone(client: Client, sender: Sender, standing: Standing) -> None:
    verdict = judge.recipient(client, sender, standing)
    named = verdict.because in {Because.MOVED_DISCLOSED, Because.FORWARDED_DISCLOSED}
    assert named == (verdict.reply.code in {251, 551})
    if named:
        agreed = [wish for wish in (standing.left, standing.forwarding) if wish and wish.disclose]
        assert agreed


@settings(max_examples=300)
@given(clients, senders, anybody)
def test_only_submission_sends_outward(client: Client, sender: Sender, standing: Standing) -> None:
    verdict = judge.recipient(client, sender, standing)
    if client.kind is not ClientKind.SUBMISSION:
        assert verdict.because is not Because.OUTWARD
        if not standing.ours:
            assert isinstance(verdict, Refuse)
            assert verdict.because is Because.RELAY_DENIED


@settings(max_examples=300)
@given(clients, senders, standings(disclose=st.booleans(), ours=YES))
def test_role_addresses_are_never_refused(client: Client, sender: Sender, standing: Standing) -> None:
    if standing.kind is AddressKind.ROLE:
        assert isinstance(judge.recipient(client, sender, standing), Accept | Forward)


@settings(max_examples=300)
@given(clients, senders, anybody)
def test_mail_is_never_forwarded_to_itself_or_unconfirmed(client: Client, sender: Sender, standing: Standing) -> None:
    verdict = judge.recipient(client, sender, standing)
    if isinstance(verdict, Forward):
        assert standing.forwarding is not None
        assert standing.forwarding.confirmed
        assert not verdict.target.same_mailbox(verdict.mailbox)


@settings(max_examples=300)
@given(senders, anybody)
def test_inbound_hears_what_the_world_hears(sender: Sender, standing: Standing) -> None:
    world, inbound, _ = CLIENTS
    assert judge.recipient(world, sender, standing) == judge.recipient(inbound, sender, standing)


@settings(max_examples=200)
@given(clients, senders, anybody, anybody)
def test_a_clock_in_doubt_never_refuses_what_was_taken(
    client: Client, sender: Sender, now: Standing, trusted: Standing
) -> None:
    at_now, at_trusted = (judge.recipient(client, sender, one) for one in (now, trusted))
    verdict = judge.unless_clock_jumped(at_now, at_trusted)
    if at_now == at_trusted:
        assert verdict == at_now
    else:
        assert (verdict.reply.code, verdict.because) == (451, Because.CLOCK_JUMP)
