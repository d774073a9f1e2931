"""Options that become nothing at the successor: what people look at before a consolidation (II-3).

Use: `unmapped_options(desk, plan)` streams a row for each option of each contract; a million addresses need no memory.
Fails: `Refused` where no such plan is in force, or it joins no accounts.
"""

from collections.abc import Iterator, Sequence

from mailsvc.desk.contracts import contract_of
from mailsvc.desk.desk import Desk
from mailsvc.desk.plans import stored_plan
from mailsvc.desk.refusals import Refused
from mailsvc.records import directory
from mailsvc.records.entries import Entry
from mailsvc.standing.almanac import edition_of
from schedules.blocks.consolidation import Consolidation
from schedules.contracts.joining import unmapped
from schedules.names import DomainName

COLUMNS = ("option", "contract", "holder", "address")


def unmapped_options(desk: Desk, name: str) -> Iterator[dict[str, str]]:
    """Each option that becomes nothing, once for each contract that has it, in order of domain and address.

    Raises Refused before anything is listed.
    """
    with desk.records.read() as conn:
        edition = edition_of(stored_plan(conn, name))
        domains = [one for one in map(DomainName, sorted(directory.ours(conn))) if edition.covers(one)]
    if edition.plan.consolidation is None:
        raise Refused(f"the plan {name!r} joins no accounts", "a plan that does has a block `consolidation`")
    return _rows(desk, domains, edition.plan.consolidation)


def _rows(desk: Desk, domains: Sequence[DomainName], consolidation: Consolidation) -> Iterator[dict[str, str]]:
    told: set[tuple[str, str]] = set()
    for domain in domains:
        with desk.records.read() as conn:
            for entry in directory.export(conn, domain):
                for row in _of(entry, consolidation):
                    seen = (row["contract"] or row["address"], row["option"])
                    if seen not in told:
                        told.add(seen)
                        yield row


def _of(entry: Entry, consolidation: Consolidation) -> Iterator[dict[str, str]]:
    for one in unmapped([contract_of([entry])], consolidation):
        facts = {"contract": entry.contract, "holder": entry.holder, "address": str(entry.address)}
        yield {"option": one.option, **facts}
