"""Every table of the records, by area: mail, what is kept back, directory, time, acts, work.

Only this room reads or writes them; other rooms call the functions of the modules beside this package.
"""

from mailsvc.records.tables.acts import audit, usage
from mailsvc.records.tables.columns import metadata
from mailsvc.records.tables.directory import addresses, contracts, domains, generations, holders
from mailsvc.records.tables.kept_back import (
    cleared_threats,
    forward_pauses,
    notices,
    quarantine,
    quarantine_recipients,
    rates,
    reservations,
)
from mailsvc.records.tables.mail import body_chunks, body_spills, deliveries, messages
from mailsvc.records.tables.time import amendments, deeds, marks, plans, versions
from mailsvc.records.tables.work import (
    batches,
    export_files,
    exports,
    host_budgets,
    host_limits,
    job_secrets,
    jobs,
    journal_folders,
    journal_intents,
    journal_marks,
    journal_names,
    journal_notes,
    journal_subscribed,
    link_sessions,
    links,
    moves,
)

APPEND_ONLY = (plans, amendments, audit)

__all__ = [
    "APPEND_ONLY",
    "addresses",
    "amendments",
    "audit",
    "batches",
    "body_chunks",
    "body_spills",
    "cleared_threats",
    "contracts",
    "deeds",
    "deliveries",
    "domains",
    "export_files",
    "exports",
    "forward_pauses",
    "generations",
    "holders",
    "host_budgets",
    "host_limits",
    "job_secrets",
    "jobs",
    "journal_folders",
    "journal_intents",
    "journal_marks",
    "journal_names",
    "journal_notes",
    "journal_subscribed",
    "link_sessions",
    "links",
    "marks",
    "messages",
    "metadata",
    "moves",
    "notices",
    "plans",
    "quarantine",
    "quarantine_recipients",
    "rates",
    "reservations",
    "usage",
    "versions",
]
