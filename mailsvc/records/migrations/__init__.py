"""Alembic migrations of the records, run by `mailsvc.records.schema`."""
