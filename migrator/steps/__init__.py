"""The steps of a move, which `migrator.moving` takes from top to bottom.

`surveying.py` finds what there is to do, `reconciling.py` what an earlier run left without an answer, `making.py`
makes the folders; `carrying.py` reads and puts: `batches.py` cuts into batches, `putting.py` puts one, `tries.py`
counts how often that broke; `settling.py` and `came.py` say what became of it, `scribe.py` writes it down;
`former.py` knows the messages of a folder numbered anew. `rereading.py` reads back, `reckoning.py` draws up the
receipt.
"""
