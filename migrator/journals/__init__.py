"""Journals: what a move remembers.

`journal.py` is the seam; `file.py`, `making.py` and `rows.py` keep it in a file of SQLite.
"""
