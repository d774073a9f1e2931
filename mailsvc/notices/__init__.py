"""Notices: what subscribers are told of single events, collected so that nobody can be flooded by letters.

`notices.py` sends what is due, `quarantined.py` is the letter about mail in quarantine, `keeping.py` puts mail there.
"""
