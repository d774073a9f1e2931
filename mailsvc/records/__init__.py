"""The records: tables, claims, bodies, the committer, the directory, the ledger, the audit log."""
