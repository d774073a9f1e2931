"""Addresses to listen on: `127.0.0.1:2525`, `[::1]:25`.

`Endpoint` is an IP address and a port; names are refused, since a name may change its address between two starts.
Port 0 lets the system choose a free one. What cannot be read raises `Wrong`, a ValueError with a remedy.
"""

import ipaddress
from dataclasses import dataclass
from typing import Annotated

from pydantic import PlainSerializer, PlainValidator

from schedules.positions import Wrong

_REMEDY = "write IP:PORT, as in `0.0.0.0:25`, `127.0.0.1:2525` or `[::]:25`"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An IP address (IPv6 without brackets) and a TCP port."""

    host: str
    port: int

    @classmethod
    def parse(cls, text: str) -> "Endpoint":
        """Read `IP:PORT`, an IPv6 address in brackets. Raises Wrong."""
        host, colon, port = text.strip().rpartition(":")
        bracketed = host.startswith("[") and host.endswith("]")
        try:
            address = ipaddress.ip_address(host[1:-1] if bracketed else host)
        except ValueError:
            raise Wrong(f"{text!r} is not an address to listen on", _REMEDY) from None
        known_port = port.isascii() and port.isdigit() and len(port) <= 5 and int(port) <= 65_535
        if not colon or not known_port or bracketed != (address.version == 6):
            raise Wrong(f"{text!r} is not an address to listen on", _REMEDY)
        return cls(str(address), int(port))

    @property
    def is_everywhere(self) -> bool:
        """Whether it listens on all addresses of its family."""
        return ipaddress.ip_address(self.host).is_unspecified

    def meets(self, other: "Endpoint") -> bool:
        """Whether both cannot be listened on at once; port 0 meets nobody."""
        if self.port != other.port or not self.port or (":" in self.host) != (":" in other.host):
            return False
        return self.host == other.host or self.is_everywhere or other.is_everywhere

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def _read(value: object) -> Endpoint:
    if isinstance(value, Endpoint):
        return value
    if not isinstance(value, str):
        raise Wrong(f"{value!r} is not an address to listen on", _REMEDY)
    return Endpoint.parse(value)


ListenOn = Annotated[Endpoint, PlainValidator(_read), PlainSerializer(str, return_type=str)]
