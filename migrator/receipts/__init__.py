"""Receipts: what a move found and what became of it.

`receipt.py` holds one, `signing.py` writes it as signed text, `reading.py` reads that again.
"""
