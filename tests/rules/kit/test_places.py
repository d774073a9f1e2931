"""Addresses to listen on and places to deliver to are read strictly and printed back."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailsvc.kit.endpoints import Endpoint
from mailsvc.kit.targets import (
    HopTls,
    LmtpSocket,
    LmtpTarget,
    MaildirTarget,
    MxTarget,
    SmtpTarget,
    Target,
    parse_target,
)
from schedules.positions import Wrong


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        ("127.0.0.1:2525", "127.0.0.1", 2525),
        ("0.0.0.0:25", "0.0.0.0", 25),
        ("[::]:25", "::", 25),
        ("[2001:DB8::0:1]:25", "2001:db8::1", 25),
        ("127.0.0.1:0", "127.0.0.1", 0),
    ],
)
def test_endpoints(text: str, host: str, port: int) -> None:
    assert Endpoint.parse(text) == Endpoint(host, port)
    assert Endpoint.parse(str(Endpoint.parse(text))) == Endpoint(host, port)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "25",
        ":25",
        "localhost:25",
        "127.0.0.1",
        "127.0.0.1:",
        "127.0.0.1:65536",
        "127.0.0.1:-1",
        "127.0.0.1:+25",
        "127.0.0.1: 25",
        "127.0.0.1:smtp",
        "127.0.0.1:٢٥",
        "::1:25",
        "[127.0.0.1]:25",
        "[::1:25",
        "*:25",
        "127.1:25",
        "127.0.0.1:000025",
    ],
)
def test_what_is_no_endpoint(text: str) -> None:
    with pytest.raises(Wrong, match="not an address to listen on"):
        Endpoint.parse(text)


@pytest.mark.parametrize(
    ("one", "other", "meets"),
    [
        ("127.0.0.1:25", "127.0.0.1:25", True),
        ("0.0.0.0:25", "127.0.0.1:25", True),
        ("127.0.0.2:25", "127.0.0.1:25", False),
        ("[::]:25", "0.0.0.0:25", False),
        ("[::]:25", "[::1]:25", True),
        ("127.0.0.1:0", "127.0.0.1:0", False),
        ("127.0.0.1:25", "127.0.0.1:26", False),
    ],
)
def test_endpoints_meet_when_both_cannot_be_listened_on(one: str, other: str, meets: bool) -> None:
    assert Endpoint.parse(one).meets(Endpoint.parse(other)) is meets
    assert Endpoint.parse(other).meets(Endpoint.parse(one)) is meets


@pytest.mark.parametrize(
    ("text", "target"),
    [
        ("smtp://127.0.0.1:25", SmtpTarget("127.0.0.1", 25)),
        ("smtp://MX.Provider.example", SmtpTarget("mx.provider.example", 25)),
        ("smtp://[::1]:2525?tls=none", SmtpTarget("::1", 2525, HopTls.NONE)),
        ("smtp://mx.example:25?tls=required", SmtpTarget("mx.example", 25, HopTls.REQUIRED)),
        ("smtp://mx.example:25?tls=starttls", SmtpTarget("mx.example", 25)),
        ("smtp://日本.example:25", SmtpTarget("xn--wgv71a.example", 25)),
        ("maildir:/srv/{domain}/{user}", MaildirTarget("/srv/{domain}/{user}")),
        ("maildir:mail/{user}", MaildirTarget("/base/mail/{user}")),
        ("lmtp://store.example:24", LmtpTarget("store.example", 24)),
        ("lmtp://[::1]:2424", LmtpTarget("::1", 2424)),
        ("lmtp:/run/dovecot/lmtp", LmtpSocket("/run/dovecot/lmtp")),
        ("lmtp:run/lmtp", LmtpSocket("/base/run/lmtp")),
        ("mx:", MxTarget()),
        ("mx:2525", MxTarget(2525)),
    ],
)
def test_targets(text: str, target: Target) -> None:
    assert parse_target(text, Path("/base")) == target
    assert parse_target(str(target)) == target


@pytest.mark.parametrize(
    "text",
    [
        "",
        "smtp:",
        "smtp://",
        "smtp://:25",
        "lmtp://x",
        "lmtp://x:24?tls=required",
        "lmtp://user:geheim@x:24",
        "lmtp:",
        "lmtp:../lmtp",
        "lmtp:~/lmtp",
        "mx:example",
        "mx:0",
        "mx:70000",
        "smtps://x:465",
        "smtp://x:99999",
        "smtp://x:25/path",
        "smtp://x:25#f",
        "smtp://user@x:25",
        "smtp://user:geheim@x:25",
        "smtp://user:geheim@x:99999",
        "smtp://user:geheim@x:25/path",
        "ftp://user:geheim@x",
        "smtp://x y:25",
        "smtp://[::1:25",
        "smtp://x:25?tls=maybe",
        "smtp://x:25?tls=none&tls=required",
        "smtp://x:25?verify=no",
        "maildir:",
        "maildir:/srv/{domain}",
        "maildir:/srv/{user",
        "maildir:/srv/{}/{user}",
        "maildir:/srv/{user.__class__}",
        "maildir:/srv/{user!r}",
        "maildir:../{user}",
        "maildir:/srv/../{user}",
        "maildir:~/{user}",
        "/srv/{user}",
    ],
)
def test_what_is_no_target(text: str) -> None:
    with pytest.raises(Wrong) as wrong:
        parse_target(text)
    assert "geheim" not in str(wrong.value)
    assert wrong.value.remedy


def test_a_maildir_is_found_by_domain_and_user() -> None:
    target = MaildirTarget("/srv/{domain}/x-{user}/Maildir")
    assert target.folder("a.example", "hanako") == Path("/srv/a.example/x-hanako/Maildir")


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "/", "a\0b", "../x"])
def test_no_name_leaves_the_place_of_the_mailboxes(name: str) -> None:
    target = MaildirTarget("/srv/{domain}/{user}")
    with pytest.raises(ValueError, match="cannot be the name"):
        target.folder("a.example", name)
    with pytest.raises(ValueError, match="cannot be the name"):
        target.folder(name, "hanako")


def test_a_name_with_braces_is_not_filled_in_again() -> None:
    assert MaildirTarget("/srv/{domain}/{user}").folder("a", "{domain}") == Path("/srv/a/{domain}")


@given(st.text(max_size=60))
def test_any_text_is_a_target_or_refused_in_words(text: str) -> None:
    for kind in ("", "smtp://", "maildir:/"):
        try:
            target = parse_target(kind + text)
        except Wrong:
            continue
        assert parse_target(str(target)) == target
