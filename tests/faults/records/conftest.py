"""The contracts' databases, for faults: `url`, `records` and `committing` on SQLite and PostgreSQL."""

from tests.contracts.conftest import committing, empty_url, records, server, sqlite_template, url

__all__ = ["committing", "empty_url", "records", "server", "sqlite_template", "url"]
