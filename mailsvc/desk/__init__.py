"""One function per act of a subscriber or an administrator, for the command line and for pages alike.

Use: make a `Desk` (who acts, on which records, at what time) and call an act with it, such as
`plans.apply_plan(desk, ...)` or `accounts_import.import_accounts(desk, ...)`. An act and its row in the audit log
are one transaction.
Fails: with `Refused` (one sentence: place, cause and remedy) or `schedules.positions.BadFile` (every problem of a
file at once); `mailsvc.records.store.RecordsAway` passes through where the records cannot be reached.
"""
