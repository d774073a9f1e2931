"""A plan walked through over all accounts before it happens: `rehearsal.py` one edition, `difference.py` two.

Addresses come as `groups.py` of those that are alike; `facets.py` and `answers.py` make of them runs of answers, so
that a million addresses cost what a few thousand profiles cost; `tallies.py` counts.
"""
