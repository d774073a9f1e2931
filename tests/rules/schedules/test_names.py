import pytest
from hypothesis import given
from hypothesis import strategies as st

from schedules.names import LOCAL_PART_LIMIT, Address, BadName, DomainName


@pytest.mark.parametrize(
    ("text", "ascii_form"),
    [
        ("Closing.Example", "closing.example"),
        ("closing.example.", "closing.example"),
        ("日本語.example", "xn--wgv71a119e.example"),
        ("[192.0.2.1]", "[192.0.2.1]"),
        ("[IPv6:2001:db8::1]", "[IPv6:2001:db8::1]"),
        ("mail_1.example", "mail_1.example"),
    ],
)
def test_domains_are_kept_as_lower_case_a_labels(text: str, ascii_form: str) -> None:
    assert DomainName.parse(text).ascii == ascii_form


@pytest.mark.parametrize("text", ["", ".", "a..b", "-a.example", "a-.example", "a b", "a" * 64 + ".x", "[x]", "*.x"])
def test_what_is_no_domain_is_refused(text: str) -> None:
    with pytest.raises(BadName):
        DomainName.parse(text)


def test_a_domain_longer_than_255_octets_is_refused() -> None:
    with pytest.raises(BadName, match="255"):
        DomainName.parse(".".join(["abcdefghi"] * 30))


@pytest.mark.parametrize("text", ["あ" * 600, "あ" * 64 + ".example", "\u3002".join(["あ" * 30] * 9)])
def test_what_is_too_long_costs_no_encoding(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    encoded: list[str] = []
    monkeypatch.setattr("schedules.names.idna.encode", lambda name, **_: encoded.append(name))
    with pytest.raises(BadName, match="longer than 255"):
        DomainName.parse(text)
    assert encoded == []


def test_labels_are_told_apart_by_every_full_stop() -> None:
    stops = ["\u3002", "\uff0e", "\uff61", "."]
    assert {DomainName.parse(stop.join(["a" * 40, "b" * 40, "日本"])).ascii for stop in stops} == {
        f"{'a' * 40}.{'b' * 40}.xn--wgv71a"
    }


def test_a_name_lies_below_its_parent_and_never_below_itself() -> None:
    parent = DomainName.parse("seikyou.ne.jp")
    assert DomainName.parse("sub.seikyou.ne.jp").within(parent)
    assert not parent.within(parent)
    assert not DomainName.parse("notseikyou.ne.jp").within(parent)


def test_addresses_elsewhere_may_be_longer_than_ours() -> None:
    rewritten = "SRS0=HHHH=TT=" + "x" * 200 + "=user@forwarder.example"
    assert str(Address.parse(rewritten)) == rewritten
    with pytest.raises(BadName, match="longer than 64 octets"):
        Address.parse(rewritten, longest=LOCAL_PART_LIMIT)


@pytest.mark.parametrize(
    ("text", "local"),
    [
        ("hanako@closing.example", "hanako"),
        ("a..b.@docomo.ne.jp", "a..b."),
        ('"a b"@x.example', "a b"),
        (r'"a\"b\\"@x.example', 'a"b\\'),
        ('"a@b"@x.example', "a@b"),
        ("花子@x.example", "花子"),
    ],
)
def test_local_parts_are_read_unquoted(text: str, local: str) -> None:
    address = Address.parse(text)
    assert address.local == local
    assert Address.parse(str(address)) == address


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "@x.example",
        "x@",
        "a b@x.example",
        '"a@x.example',
        "a@b@x.example",
        "a" * 2049 + "@x.example",
        '"\r\n"@x.example',
    ],
)
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(BadName):
        Address.parse(text)


def test_addresses_are_one_mailbox_without_regard_to_case() -> None:
    assert Address.parse("Hanako@Closing.Example").same_mailbox(Address.parse("hanako@closing.example"))
    assert not Address.parse("hanako@closing.example").same_mailbox(Address.parse("hanako@other.example"))
    assert Address.parse("\u304b\u3099@x.example").key == Address.parse("\u304c@x.example").key
    assert Address.parse("x@x.example").is_ascii
    assert not Address.parse("花@x.example").is_ascii


@given(st.text())
def test_any_text_is_an_address_that_prints_and_reads_back_or_a_bad_name(text: str) -> None:
    try:
        address = Address.parse(text)
    except BadName:
        return
    assert Address.parse(str(address)) == address
