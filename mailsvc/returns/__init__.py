"""Telling senders what became of mail that was taken: delivery status notifications, and to whom none is sent.

`returner.py` is the role, `senders.py` says whom nothing is sent, `telling.py` what is said of each recipient.
"""
