"""Reverse-paths of forwarded mail: what we have rewritten comes back, and nothing else does."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from mailsvc.kit.secrets import Secret
from mailsvc.kit.srs import PATH_LIMIT, VALID_DAYS, NotRewritable, Srs
from schedules.names import Address, DomainName

DOMAIN = DomainName("srs.surviving.example")
AT = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
SRS = Srs(DOMAIN, [Secret("one secret")])
JIRO = "jiro@world.example"

locals_ = st.one_of(
    st.from_regex(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,40}", fullmatch=True),
    st.from_regex(r"[A-Za-z0-9=@ .\u00e9\u3042]{1,20}", fullmatch=True),
)
hosts = st.from_regex(r"[a-z0-9]{1,12}(\.[a-z0-9]{1,8}){1,3}", fullmatch=True)
senders = st.builds(lambda local, host: str(Address(local, DomainName(host))), locals_, hosts)
instants = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


def back(rewritten: str, *, at: datetime = AT, by: Srs = SRS) -> str | None:
    found = by.reverse(Address.parse(rewritten), at=at)
    return None if found is None else str(found)


def test_a_sender_is_told_by_its_host_and_local_part() -> None:
    rewritten = SRS.forward(JIRO, at=AT)
    assert rewritten.startswith("SRS0=")
    assert rewritten.endswith("=world.example=jiro@srs.surviving.example")
    assert back(rewritten) == JIRO


def test_the_null_sender_stays_null() -> None:
    assert SRS.forward("", at=AT) == ""


def test_who_was_rewritten_elsewhere_goes_back_there() -> None:
    second = SRS.forward("SRS0=HHHH=TT=world.example=jiro@first.example", at=AT)
    assert second.startswith("SRS1=")
    assert "=first.example==HHHH=TT=world.example=jiro@" in second
    assert back(second) == "SRS0=HHHH=TT=world.example=jiro@first.example"
    third = SRS.forward("SRS1=XXXX=first.example==HHHH=TT=world.example=jiro@second.example", at=AT)
    assert back(third) == "SRS0=HHHH=TT=world.example=jiro@first.example"


@pytest.mark.parametrize(
    "local", ["SRS1=x=no/host==y=z=w.example=jiro", "SRS0", "SRS0=", "SRS1=x", "srs0-", "SRS1=a==b"]
)
def test_what_only_looks_rewritten_comes_back_as_it_was(local: str) -> None:
    sender = Address(local, DomainName("first.example"))
    found = SRS.reverse(Address.parse(SRS.forward(str(sender), at=AT)), at=AT)
    assert found is not None
    assert found.same_mailbox(sender)


@settings(max_examples=300)
@given(senders, instants, st.timedeltas(timedelta(), timedelta(days=VALID_DAYS)))
def test_what_was_rewritten_comes_back(sender: str, at: datetime, later: timedelta) -> None:
    assume(not Address.parse(sender).key.startswith(("srs0", "srs1")))
    assert back(SRS.forward(sender, at=at), at=at + later) == sender


@settings(max_examples=300)
@given(senders, st.data())
def test_any_bit_flipped_is_refused(sender: str, data: st.DataObject) -> None:
    rewritten = Address.parse(SRS.forward(sender, at=AT)).local.encode()
    bit = data.draw(st.integers(0, len(rewritten) * 8 - 1))
    changed = bytearray(rewritten)
    changed[bit // 8] ^= 1 << bit % 8
    try:
        local = changed.decode()
    except UnicodeDecodeError:
        return
    assume(local.lower() != rewritten.decode().lower())  # mail systems may change the case
    assume(local[4] not in "+-")  # the sign behind SRS0 is the writer's choice and means nothing
    assert SRS.reverse(Address(local, DOMAIN), at=AT) is None


@settings(max_examples=200)
@given(senders, st.integers(1, 10))
def test_no_letter_moves_from_the_host_to_the_local_part(sender: str, by: int) -> None:
    local = Address.parse(SRS.forward(sender, at=AT)).local
    tag, signed, day, host, rest = local.split("=", 4)
    assume(by < len(host) and not local.startswith("SRS1"))
    assert SRS.reverse(Address("=".join((tag, signed, day, host[:-by], host[-by:] + rest)), DOMAIN), at=AT) is None


@given(senders)
def test_mail_systems_may_change_its_case(sender: str) -> None:
    rewritten = Address.parse(SRS.forward(sender, at=AT))
    for local in (rewritten.local.lower(), rewritten.local.swapcase()):
        assume(local.lower() == rewritten.local.lower())
        found = SRS.reverse(Address(local, DOMAIN), at=AT)
        assert found is not None
        assert str(found).lower() == str(SRS.reverse(rewritten, at=AT)).lower()


@pytest.mark.parametrize("sender", [JIRO, "SRS0=HHHH=TT=world.example=jiro@first.example"])
def test_an_address_ends(sender: str) -> None:
    rewritten = SRS.forward(sender, at=AT)
    assert back(rewritten, at=AT + timedelta(days=VALID_DAYS)) is not None
    assert back(rewritten, at=AT + timedelta(weeks=8, days=1)) is None
    # Days are told by two characters that come round again after 1,024 of them.
    assert back(rewritten, at=AT + timedelta(days=1024)) is None


def test_srs0_ends_to_the_day() -> None:
    rewritten = SRS.forward(JIRO, at=AT)
    assert back(rewritten, at=AT + timedelta(days=VALID_DAYS + 1)) is None


@given(instants)
def test_another_machine_may_be_ahead_by_a_moment(at: datetime) -> None:
    assert back(SRS.forward(JIRO, at=at + timedelta(minutes=5)), at=at) == JIRO
    assert back(SRS.forward(JIRO, at=at + timedelta(days=2)), at=at) is None


def test_secrets_rotate() -> None:
    old, new = Secret("the old one"), Secret("the new one")
    before, between, after = Srs(DOMAIN, [old]), Srs(DOMAIN, [new, old]), Srs(DOMAIN, [new])
    of_before, of_between = before.forward(JIRO, at=AT), between.forward(JIRO, at=AT)
    assert back(of_before, by=between) == back(of_between, by=between) == back(of_between, by=after) == JIRO
    assert back(of_before, by=after) is None
    with pytest.raises(ValueError, match="needs a secret"):
        Srs(DOMAIN, [])


@pytest.mark.parametrize(
    "address",
    [
        "jiro@srs.surviving.example",
        "SRS0@srs.surviving.example",
        "SRS0=@srs.surviving.example",
        "SRS0=====@srs.surviving.example",
        "SRS0=AAAAAAAA=JL=world.example=jiro@srs.surviving.example",
        "SRS0=A=JL=world.example=jiro@srs.surviving.example",
        "SRS1=AAAAAAAA=first.example==x=y=world.example=jiro@srs.surviving.example",
    ],
)
def test_what_we_never_wrote_is_nobody(address: str) -> None:
    assert back(address) is None


def test_a_shorter_hash_is_no_easier_to_guess() -> None:
    _, signed, rest = SRS.forward(JIRO, at=AT).split("=", 2)
    assert back(f"SRS0={signed[:1]}={rest}") is None
    assert back(f"SRS0={signed}A={rest}") is None


def test_an_address_of_another_domain_is_not_ours() -> None:
    foreign = SRS.forward(JIRO, at=AT).replace("surviving", "foreign")
    assert back(foreign) is None
    assert not SRS.is_shaped(Address.parse(foreign))


@pytest.mark.parametrize(
    "sender", ["\u592a\u90ce@\u4e16\u754c.example", '"a b"@world.example', "a..b.@docomo.example", "x@[192.0.2.1]"]
)
def test_odd_senders_come_back_too(sender: str) -> None:
    rewritten = SRS.forward(sender, at=AT)
    assert SRS.reverse(Address.parse(rewritten), at=AT) == Address.parse(sender)


def test_a_local_part_over_64_octets_is_taken_and_over_a_path_is_not() -> None:
    long = "b" * 64 + "@lists.example"
    assert back(SRS.forward(long, at=AT)) == long
    with pytest.raises(NotRewritable, match=f"longer than {PATH_LIMIT} octets"):
        SRS.forward("b" * 240 + "@lists.example", at=AT)


@pytest.mark.parametrize("sender", ["no address", "a@", "a@-", "\ud800@x.example"])
def test_what_is_no_sender_is_told(sender: str) -> None:
    with pytest.raises(NotRewritable):
        SRS.forward(sender, at=AT)
