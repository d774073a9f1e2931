"""Judging one message: pure rules over facts; no tables, no sockets.

`judge` holds the ordered rules, `replies` every SMTP answer, `mail` the facts and `verdict` the outcomes.
"""
