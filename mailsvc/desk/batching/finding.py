"""Mailboxes found by their addresses, with consent to hosts outside of the addresses' domains.

    with finder(settings, consents=["imap.host.example"]) as find:
        find(Address.parse("hanako@old.example"))        # `imaps://…`

Raises Wrong where a domain says nothing, where nobody answers, or where nobody has consented to the host it names.
"""

import asyncio
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from random import SystemRandom

from filters.lookup import DnsAway
from mailsvc.kit.discovery import Found, discovered
from mailsvc.kit.dns import Dns
from mailsvc.kit.settings import Settings
from schedules.names import Address
from schedules.positions import Wrong


@contextmanager
def finder(settings: Settings | None, consents: Collection[str] = ()) -> Iterator[Callable[[Address], str]]:
    """Who finds mailboxes; by the system's resolver where there are no settings."""
    hosts = {host.lower().rstrip(".") for host in consents}
    with searching(settings) as search:

        def find(address: Address) -> str:
            found = search(address)
            if found.outside and found.host not in hosts:
                raise Wrong(
                    f"{address.domain} names a host outside of it: {found.host}",
                    f"if it is the right one, say so with `--consent {found.host}`, or write a URL",
                )
            return found.url

        yield find


@contextmanager
def searching(settings: Settings | None) -> Iterator[Callable[[Address], Found]]:
    """Who asks DNS, whatever host it names."""
    servers = settings.resolver.servers if settings is not None else ()
    timeout = settings.resolver.timeout.total_seconds() if settings is not None else 5.0
    random = SystemRandom()
    with asyncio.Runner() as runner:
        dns = Dns(servers, timeout, time.monotonic)

        def search(address: Address) -> Found:
            try:
                return runner.run(discovered(address, dns.srv, chance=random.random))
            except DnsAway as error:
                raise Wrong(f"nobody answers for {address.domain} ({error})", "try again, or write a URL") from None

        yield search
