"""What `schedules.terms` is made of, one question a file, and what a subscriber is told besides. Pure.

- `leaving.py`    by which rule, from when, at which desk
- `charges.py`    what leaving costs; `invoices.py`: what is billed when
- `renewals.py`   renewals cut to what is left
- `deadlines.py`  what must be done in time
- `duties.py`     suspension, death, transfer
- `checklist.py`  what to know and do
- `joining.py`    accounts that become one elsewhere; `closing.py`: when an old one closes
"""
