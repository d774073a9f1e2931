"""The directory as it is: listed, one address shown, all of it written out.

Use: `list_accounts(desk, domain, search)` streams rows as `accounts_csv.write_row` makes them.
Fails: `Refused` for an address or a domain the directory does not have.
"""

from collections.abc import Iterator

from mailsvc.desk.accounts_csv import write_row
from mailsvc.desk.desk import Desk
from mailsvc.desk.refusals import Refused
from mailsvc.records import directory
from schedules.names import Address, DomainName

PAGE = 500  # rows of one question


def list_accounts(desk: Desk, domain: str | None, search: str) -> Iterator[dict[str, str]]:
    """All addresses in order of domain and address, or those of one domain.

    `search`: only those whose address, holder or contract contains it; such a listing is read page by page.
    Raises Refused, before anything is listed, for a domain without a directory.
    """
    wanted = _known_domain(desk, domain) if domain is not None else None
    return _found(desk, wanted, search) if search else _all(desk, wanted)


def show_account(desk: Desk, address: str) -> dict[str, str]:
    """Everything the directory knows of one address. Raises Refused where it does not know it."""
    asked = Address.parse(address)
    with desk.records.read() as conn:
        entry = directory.find(conn, asked.domain, asked.key)
    if entry is None:
        raise Refused(
            f"the directory has no address {asked}",
            "`lastpost accounts list --search TEXT` finds addresses; `lastpost explain` follows aliases and tags",
        )
    return write_row(entry)


def _known_domain(desk: Desk, text: str) -> DomainName:
    domain = DomainName.parse(text)
    with desk.records.read() as conn:
        if directory.generation_of(conn, domain) is None:
            known = ", ".join(sorted(directory.ours(conn))) or "none yet: `lastpost accounts import FILE.csv`"
            raise Refused(f"{domain} has no directory", f"domains that have one: {known}")
    return domain


def _all(desk: Desk, domain: DomainName | None) -> Iterator[dict[str, str]]:
    with desk.records.read() as conn:
        for entry in directory.export(conn, domain):
            yield write_row(entry)


def _found(desk: Desk, domain: DomainName | None, search: str) -> Iterator[dict[str, str]]:
    after = None
    while True:
        with desk.records.read() as conn:
            entries = directory.page(conn, domain, after, PAGE, search)
        yield from map(write_row, entries)
        if len(entries) < PAGE:
            return
        after = (entries[-1].address.domain.ascii, entries[-1].address.key)
