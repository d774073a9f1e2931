"""The words that sections share are read in one way, whoever hands them in."""

import ipaddress
from pathlib import Path
from typing import Annotated, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import AfterValidator, TypeAdapter, ValidationError

from mailsvc.kit.endpoints import Endpoint, ListenOn
from mailsvc.kit.faults import refuse
from mailsvc.kit.imap_mailboxes import Mailboxes
from mailsvc.kit.net import CannotListen, listen
from mailsvc.kit.paths import FilePath
from mailsvc.kit.quantities import Duration, Size
from mailsvc.kit.settings.words import (
    AnyNetwork,
    DomainPattern,
    Fingerprint,
    HostName,
    MailAddress,
    Network,
    PageUrl,
    PeerNetwork,
    ZoneName,
)
from mailsvc.kit.targets import Deliver, MaildirTarget, SmtpTarget
from schedules.names import Address
from schedules.positions import Wrong

HOST: TypeAdapter[str] = TypeAdapter(HostName)
PATTERN: TypeAdapter[str] = TypeAdapter(DomainPattern)
PEER: TypeAdapter[Network] = TypeAdapter(PeerNetwork)
ANY: TypeAdapter[Network] = TypeAdapter(AnyNetwork)
ADDRESS: TypeAdapter[Address] = TypeAdapter(MailAddress)


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("provider.example", "provider.example"),
        ("Provider.Example.", "provider.example"),
        ("*.provider.example", "*.provider.example"),
        ("日本.example", "xn--wgv71a.example"),
        ("*.日本.example", "*.xn--wgv71a.example"),
        ("example", "example"),
    ],
)
def test_domains_of_ours(written: str, kept: str) -> None:
    assert PATTERN.validate_python(written) == kept
    assert PATTERN.validate_python(kept) == kept


@pytest.mark.parametrize(
    "written", ["", "*", "*.", "*.example", "**.a.example", "a.*.example", "[192.0.2.1]", "a b", "@a"]
)
def test_what_is_no_domain_of_ours(written: str) -> None:
    with pytest.raises(ValidationError):
        PATTERN.validate_python(written)


@pytest.mark.parametrize("written", ["", "[192.0.2.1]", "*.provider.example", "mx provider", "mx_.-.example", "a" * 64])
def test_what_is_no_host_name(written: str) -> None:
    with pytest.raises(ValidationError):
        HOST.validate_python(written)


def test_a_host_name_is_kept_in_one_form() -> None:
    assert HOST.validate_python("MX.Provider.Example.") == "mx.provider.example"


@pytest.mark.parametrize("written", ["post", "@a.example", "a@", "a b@c.example", "", 7, None, ["a@b.example"]])
def test_what_is_no_address(written: object) -> None:
    with pytest.raises(ValidationError):
        ADDRESS.validate_python(written)


def test_an_address_made_elsewhere_is_taken_as_it_is() -> None:
    made = Address.parse("hanako@closing.example")
    assert ADDRESS.validate_python(made) is made
    assert ADDRESS.dump_python(made, mode="json") == "hanako@closing.example"


@pytest.mark.parametrize(
    ("kind", "made", "shown"),
    [
        (ListenOn, Endpoint("::1", 25), "[::1]:25"),
        (Deliver, SmtpTarget("mx.example", 25), "smtp://mx.example:25"),
        (Deliver, MaildirTarget("/srv/{user}"), "maildir:/srv/{user}"),
        (Mailboxes, MaildirTarget("/srv/{user}"), "maildir:/srv/{user}"),
        (AnyNetwork, ipaddress.ip_network("192.0.2.0/24"), "192.0.2.0/24"),
        (FilePath, Path("/etc/x"), "/etc/x"),
    ],
)
def test_values_made_in_code_are_taken_and_shown_in_words(kind: Any, made: object, shown: str) -> None:
    adapter: TypeAdapter[object] = TypeAdapter(kind)
    assert adapter.validate_python(made) == made
    assert adapter.dump_python(made, mode="json") == shown
    assert adapter.validate_python(shown) == made


@pytest.mark.parametrize("kind", [ListenOn, Deliver, Mailboxes, AnyNetwork, FilePath, Size, Duration, Fingerprint])
@pytest.mark.parametrize("value", [None, True, 1.5, [], {}, b"x", object()])
def test_values_of_other_types_are_refused_in_words(kind: Any, value: object) -> None:
    adapter: TypeAdapter[object] = TypeAdapter(kind)
    with pytest.raises(ValidationError) as refused:
        adapter.validate_python(value)
    causes = [error["ctx"]["error"] for error in refused.value.errors() if "ctx" in error]
    assert [type(cause) for cause in causes] == [Wrong]


@pytest.mark.parametrize("value", [-1, True, 1.0])
def test_a_size_in_code_is_a_whole_number_of_octets(value: object) -> None:
    adapter: TypeAdapter[int] = TypeAdapter(Size)
    assert adapter.validate_python(5) == 5
    with pytest.raises(ValidationError):
        adapter.validate_python(value)


@pytest.mark.parametrize("written", ["~/x", "", " ", "a\0b"])
def test_what_is_no_path(written: str) -> None:
    adapter: TypeAdapter[Path] = TypeAdapter(FilePath)
    with pytest.raises(ValidationError):
        adapter.validate_python(written)


@pytest.mark.parametrize(
    "written", ["", "https://www.provider.example/end?a=b#c", "http://192.0.2.1/", "https://[2001:db8::1]:8443/"]
)
def test_pages(written: str) -> None:
    adapter: TypeAdapter[str] = TypeAdapter(PageUrl)
    assert adapter.validate_python(written) == written


@pytest.mark.parametrize(
    "written",
    [
        "www.provider.example",
        "ftp://a.example/",
        "https://",
        "https://[]/",
        "https://[::1/",
        "https:///end",
        "https://a.example/終了",
        "https://a.example/a b",
        "https://a.example/\r\n250",
        "https://me:geheim@a.example/",
        "javascript:alert(1)",
        "https://a.example/" + "x" * 200,
    ],
)
def test_what_is_no_page(written: str) -> None:
    adapter: TypeAdapter[str] = TypeAdapter(PageUrl)
    with pytest.raises(ValidationError) as refused:
        adapter.validate_python(written)
    assert "geheim" not in refused.value.errors()[0]["msg"]


@pytest.mark.parametrize("written", ["Asia/Tokyo", "UTC", "Europe/Berlin"])
def test_zones(written: str) -> None:
    adapter: TypeAdapter[str] = TypeAdapter(ZoneName)
    assert adapter.validate_python(written) == written


@given(st.ip_addresses(v=4), st.integers(0, 32))
def test_no_ipv4_peer_is_wider_than_a_provider(address: ipaddress.IPv4Address, length: int) -> None:
    network = ipaddress.ip_network((address, length), strict=False)
    try:
        PEER.validate_python(str(network))
    except ValidationError:
        assert length < 8
    else:
        assert length >= 8 or network.is_private


@given(st.ip_addresses(v=6), st.integers(0, 128))
def test_no_ipv6_peer_is_wider_than_a_provider(address: ipaddress.IPv6Address, length: int) -> None:
    network = ipaddress.ip_network((address, length), strict=False)
    try:
        PEER.validate_python(str(network))
    except ValidationError:
        assert length < 16 or ipaddress.ip_address("::ffff:0:0") in network
    else:
        assert length >= 16 or network.is_private


@given(st.one_of(st.ip_addresses(v=4).map(str), st.ip_addresses(v=6).map(str)))
def test_a_host_alone_is_a_network(address: str) -> None:
    assert ANY.validate_python(address).num_addresses == 1


_HOSTS = ["127.0.0.1", "127.0.0.2", "0.0.0.0", "::1", "::"]


@pytest.mark.parametrize("one", _HOSTS)
@pytest.mark.parametrize("other", _HOSTS)
def test_endpoints_meet_exactly_where_the_system_says_so(one: str, other: str) -> None:
    first = listen(one, 0)
    port = first.getsockname()[1]
    try:
        listen(other, port).close()
        refused = False
    except CannotListen:
        refused = True
    finally:
        first.close()
    assert Endpoint(one, port).meets(Endpoint(other, port)) is refused


def _two_faults(value: dict[str, int]) -> dict[str, int]:
    refuse(((name,), Wrong(f"{name} is odd", "make it even")) for name, number in value.items() if number % 2)
    return value


def test_faults_below_a_value_have_each_their_place() -> None:
    adapter: TypeAdapter[dict[str, dict[str, int]]] = TypeAdapter(
        dict[str, Annotated[dict[str, int], AfterValidator(_two_faults)]]
    )
    with pytest.raises(ValidationError) as refused:
        adapter.validate_python({"x": {"a": 1, "b": 2, "c": 3}})
    assert [error["loc"] for error in refused.value.errors()] == [("x", "a"), ("x", "c")]
    assert adapter.validate_python({"x": {"a": 2}}) == {"x": {"a": 2}}
