"""The rule blocks of a plan: a closed set of frozen values with parameters, and no expression strings.

Each block is one dataclass that says its shape, its validation and its help at once: a plan file is read into it
(`schedules.planfile`), and code makes it as it makes any value. What a provider can ask for is what stands here.
- `values.py`    the words blocks are made of: instants, lengths, texts, money, powers
- `scopes.py`    whom dates concern: a domain, a group, an area, an address; `whom.py`: which contracts
- `dates.py`     switches, exceptions, holds, notices, gates: what moves or depends on dates
- `services.py`  what is not mail: services with dependants, waiting times, tables; desks, offers, advice
- `terms.py`     contract rules: ends, minimum terms, renewals, course changes, invoices, deadlines, suspension
- `consolidation.py`  accounts that live on elsewhere: options, prices, ids, whose data is inherited
"""
