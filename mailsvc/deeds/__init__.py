"""What must be done because a stage comes or a hold ends: found by the editions, kept by the ledger, done once.

`due.py` says what is due, `kinds.py` what a kind of deed is, `carry.py` claims and carries out, and each kind has a
file of its own. Nothing here rings by itself: `mailsvc.alarm` does.
"""
