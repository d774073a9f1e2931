"""DMARC: the author's domain, its policy, and what is aligned with it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from filters.auth.dmarc import Policy, Wish, aligned, author_domain, published
from filters.auth.organisations import Organisations
from filters.header import read_header
from filters.lookup import DnsAway
from tests.support.names import AWAY, NameTable

KNOWN = Organisations()


@pytest.mark.parametrize(
    ("field", "domain"),
    [
        (b"From: a@b.example", "b.example"),
        (b'From: "x@evil.example" <a@B.Example>', "b.example"),
        (b"From: a@b.example, c@b.example", "b.example"),
        (b"From: a@b.example, c@d.example", None),
        (b"From: nobody", None),
        (b"From:", None),
        (b"From: a@-b-", None),
        (b"Sender: a@b.example", None),
        (b"From: a@b.example\r\nfrom: a@b.example", None),
        (b"From: a@" + b"x" * 5000 + b".example", None),
        ("From: 花子 <a@例え.jp>".encode(), "xn--r8jz45g.jp"),
    ],
)
def test_the_author_domain(field: bytes, domain: str | None) -> None:
    assert author_domain(read_header(field + b"\r\n\r\n")) == domain


@pytest.mark.parametrize(
    ("records", "wanted"),
    [
        (["v=DMARC1; p=reject; adkim=s; aspf=s"], Policy(Wish.REJECT, strict_dkim=True, strict_spf=True)),
        (["v=DMARC1;p=Quarantine"], Policy(Wish.QUARANTINE, strict_dkim=False, strict_spf=False)),
        (["v=DMARC1; rua=mailto:x@y.example"], Policy(Wish.NONE, strict_dkim=False, strict_spf=False)),
        (["v=DMARC1; p=reject; pct=0"], Policy(Wish.NONE, strict_dkim=False, strict_spf=False)),
        (["p=reject; v=DMARC1"], None),
        (["v=DMARC2; p=reject"], None),
        (["something else", "v=DMARC1; p=none"], Policy(Wish.NONE, strict_dkim=False, strict_spf=False)),
        (["v=DMARC1; p=none", "v=DMARC1; p=reject"], None),
    ],
)
async def test_what_an_author_publishes(records: list[str], wanted: Policy | None) -> None:
    assert await published(NameTable({"_dmarc.b.example": {"TXT": records}}), KNOWN, "b.example") == wanted


async def test_a_host_without_policy_has_that_of_its_organization() -> None:
    lookup = NameTable({"_dmarc.b.co.jp": {"TXT": ["v=DMARC1; p=none; sp=reject"]}})
    found = await published(lookup, KNOWN, "mail.x.b.co.jp")
    assert found is not None
    assert found.wish is Wish.REJECT
    assert [name for name, _ in lookup.asked] == ["_dmarc.mail.x.b.co.jp", "_dmarc.b.co.jp"]
    own = await published(lookup, KNOWN, "b.co.jp")
    assert own is not None
    assert own.wish is Wish.NONE


async def test_a_public_suffix_above_is_not_asked() -> None:
    lookup = NameTable()
    assert await published(lookup, KNOWN, "b.co.jp") is None
    assert [name for name, _ in lookup.asked] == ["_dmarc.b.co.jp"]


async def test_dns_that_is_away_is_told() -> None:
    with pytest.raises(DnsAway):
        await published(NameTable({"_dmarc.b.example": {"TXT": AWAY}}), KNOWN, "b.example")


@pytest.mark.parametrize(
    ("author", "authenticated", "strict", "wanted"),
    [
        ("b.example", "b.example", True, True),
        ("b.example", "mail.b.example", True, False),
        ("b.example", "mail.b.example", False, True),
        ("mail.b.example", "b.example", False, True),
        ("b.co.jp", "c.co.jp", False, False),
        ("b.example", "evilb.example", False, False),
    ],
)
def test_alignment(author: str, authenticated: str, strict: bool, wanted: bool) -> None:
    assert aligned(author, authenticated, KNOWN, strict=strict) is wanted


@given(st.binary(max_size=300))
def test_any_octets_have_an_author_or_none(octets: bytes) -> None:
    found = author_domain(read_header(b"From: " + octets + b"\r\n\r\n"))
    assert found is None or found
