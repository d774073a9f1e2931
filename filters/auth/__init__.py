"""Whether the sender of a message is who it claims: SPF, DKIM, DMARC, and what our own MTAs have found.

`judge.py` weighs them for one question alone: may this sender be told of a failure, or would that hit a stranger?
"""
