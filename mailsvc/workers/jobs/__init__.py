"""Jobs carried out: the role that claims them, moves what they name, keeps their leases and settles them.

`role.py` is the role, `run.py` one job in a thread of its own, `endings.py` says what follows from each failure.
"""
