"""Tables of the directory: domains, generations, holders, contracts, addresses.

Every row of a holder, contract or address belongs to one generation of one domain. A generation is staged
in slices, checked, and then becomes the domain's current one by a single UPDATE of `domains.generation`;
what was current before is retired and swept in slices. Nobody reads a generation that is not current.
The directory's tables have no foreign keys: `staging.check` finds what does not fit before it is published.
"""

from sqlalchemy import BigInteger, Boolean, Column, Date, Index, Integer, Table, Text

from mailsvc.records.tables.columns import Instant, metadata

domains = Table(
    "domains",
    metadata,
    Column("domain", Text, primary_key=True),
    Column("generation", Integer, nullable=False),
    sqlite_with_rowid=False,
)

generations = Table(
    "generations",
    metadata,
    Column("generation", Integer, primary_key=True, autoincrement=True),
    Column("domain", Text, nullable=False, index=True),
    Column("based_on", Integer),
    Column("begun_at", Instant, nullable=False),
    Column("begun_by", Text, nullable=False),
    Column("published_at", Instant),
    Column("state", Text, nullable=False, index=True),  # staging | current | retired
    sqlite_autoincrement=True,
)

holders = Table(
    "holders",
    metadata,
    Column("generation", Integer, primary_key=True, autoincrement=False),
    Column("holder", Text, primary_key=True),
    Column("contact", Text, nullable=False),
    Column("language", Text, nullable=False),
    Column("contradictions", Integer, nullable=False),
    sqlite_with_rowid=False,
)

contracts = Table(
    "contracts",
    metadata,
    Column("generation", Integer, primary_key=True, autoincrement=False),
    Column("contract", Text, primary_key=True),
    Column("holder", Text, nullable=False),
    Column("course", Text, nullable=False),
    Column("type", Text, nullable=False),
    Column("start", Date),
    Column("expiry", Date),
    Column("suspended_since", Date),
    Column("in_group", Text, nullable=False),
    Column("area", Text, nullable=False),
    Column("services", Text, nullable=False, server_default=""),  # words, sorted, a space between two
    Column("contradictions", Integer, nullable=False),
    sqlite_with_rowid=False,
)

addresses = Table(
    "addresses",
    metadata,
    Column("generation", Integer, primary_key=True, autoincrement=False),
    Column("key", Text, primary_key=True),
    Column("local", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("contract", Text, nullable=False),
    Column("expiry", Date),
    Column("has_left", Boolean, nullable=False),
    Column("moved_to", Text),
    Column("disclose", Boolean, nullable=False),
    Column("forward_to", Text),
    Column("forward_confirmed", Boolean, nullable=False),
    Column("forward_disclose", Boolean, nullable=False),
    Column("forward_keep", Boolean, nullable=False),
    Column("alias_of", Text),
    Column("alias_domain", Text),
    Column("alias_key", Text),
    Column("forwards_to_itself", Boolean, nullable=False),
    Column("quota", BigInteger),
    Column("homepage", Text, nullable=False),
    Column("repeated", Integer, nullable=False),
    sqlite_with_rowid=False,
)
Index("ix_addresses_contract", addresses.c.generation, addresses.c.contract)
