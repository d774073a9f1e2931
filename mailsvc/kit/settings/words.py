"""Words that several sections of the settings use: addresses, domain patterns, networks, time zones, the section.

Each is a pydantic type that reads what a person writes and prints it back in one form.
What cannot be read raises `Wrong`, which says what to write instead.
"""

import ipaddress
import re
from typing import Annotated
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    PlainSerializer,
    PlainValidator,
    model_validator,
)

from mailsvc.kit.redaction import blank_urls
from schedules.names import Address, DomainName
from schedules.positions import Wrong

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
_URL_CHARACTERS = re.compile(r"[!-~]{1,200}", re.ASCII)  # it stands in SMTP replies (RFC 5321 4.2)
_SHORTEST_PREFIX = {4: 8, 6: 16}
_MAPPED = ipaddress.IPv6Network("::ffff:0:0/96")


class Section(BaseModel):
    """A section of the settings: frozen, without unknown entries, its defaults checked like what is written."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)

    @model_validator(mode="before")
    @classmethod
    def _empty_is_default(cls, value: object) -> object:
        """A section whose entries are all commented out reads as null and means its defaults."""
        return {} if value is None else value


def _address(value: object) -> Address:
    if isinstance(value, Address):
        return value
    if not isinstance(value, str):
        raise Wrong(f"{value!r} is not an address", "write local@domain")
    return Address.parse(value)


def domain_pattern(value: str) -> str:
    """A name or `*.` name in the one form in which it is compared. Raises BadName or Wrong."""
    star = "*." if value.startswith("*.") else ""
    name = DomainName.parse(value.removeprefix("*."))
    if name.is_literal or (star and "." not in name.ascii):
        raise Wrong(
            f"{value!r} is no domain of ours", "write `provider.example`, or `*.provider.example` for all below"
        )
    return star + name.ascii


def _host_name(value: str) -> str:
    name = DomainName.parse(value)
    if name.is_literal:
        raise Wrong(f"{value!r} is no host name", "write the name of this machine, as in `mx.provider.example`")
    return name.ascii


def _zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (KeyError, ValueError, OSError):
        raise Wrong(f"{value!r} is no time zone", "write a name of the IANA list, as in `Asia/Tokyo`") from None
    return value


def _page(value: str) -> str:
    if not value:
        return value
    remedy = "write the whole URL in ASCII, as in `https://www.provider.example/end`, at most 200 characters"
    try:
        url = urlsplit(value)
        is_page = url.scheme in {"http", "https"} and bool(url.hostname) and url.username is None
    except ValueError:
        is_page = False
    if not is_page or not _URL_CHARACTERS.fullmatch(value):
        raise Wrong(f"{blank_urls(value)!r} is not the URL of a page", remedy)
    return value


def _network(value: object) -> Network:
    if isinstance(value, ipaddress.IPv4Network | ipaddress.IPv6Network):
        network = value
    elif not isinstance(value, str):
        raise Wrong(f"{value!r} is not a network", "write ADDRESS/PREFIX, as in `192.0.2.0/24`")
    else:
        network = _parse_network(value)
    return network


def _peer_network(network: Network) -> Network:
    private = network.is_private and network.prefixlen > 0
    if network.prefixlen < _SHORTEST_PREFIX[network.version] and not private:
        raise Wrong(f"{network} would make this an open relay", "name only the networks of your own servers")
    if isinstance(network, ipaddress.IPv6Network) and network.supernet_of(_MAPPED):
        raise Wrong(f"{network} is every IPv4 address, an open relay", "write IPv4 networks in their own form")
    return network


def _parse_network(text: str) -> Network:
    try:
        return ipaddress.ip_network(text)
    except ValueError:
        pass
    try:
        meant = ipaddress.ip_interface(text)
    except ValueError:
        raise Wrong(f"{text!r} is not a network", "write ADDRESS/PREFIX, as in `192.0.2.0/24`") from None
    raise Wrong(f"{text!r} is a host inside a network", f"write `{meant.network}` or the host alone, `{meant.ip}`")


def _fingerprint(value: object) -> str:
    text = value.replace(":", "").lower() if isinstance(value, str) else ""
    if not re.fullmatch(r"[0-9a-f]{64}", text):
        raise Wrong(
            f"{value!r} is no SHA-256 fingerprint",
            "write 64 hex digits, from `openssl x509 -in CERT -noout -fingerprint -sha256`",
        )
    return text


MailAddress = Annotated[Address, PlainValidator(_address), PlainSerializer(str, return_type=str)]
DomainPattern = Annotated[str, AfterValidator(domain_pattern)]
HostName = Annotated[str, AfterValidator(_host_name)]
PageUrl = Annotated[str, AfterValidator(_page)]
ZoneName = Annotated[str, AfterValidator(_zone)]
AnyNetwork = Annotated[Network, PlainValidator(_network), PlainSerializer(str, return_type=str)]
PeerNetwork = Annotated[
    Network, PlainValidator(_network), AfterValidator(_peer_network), PlainSerializer(str, return_type=str)
]
Fingerprint = Annotated[str, BeforeValidator(_fingerprint)]
