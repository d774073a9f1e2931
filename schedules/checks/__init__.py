"""What a plan must not say, and what it had better say. Each looks only at what could be read (`draft.py`).

- `stages.py`     orders of stages, brown-outs, gates
- `scopes.py`     exceptions, holds, switches; `pairs.py`: exceptions that meet
- `links.py`      ids, and what refers to them
- `contracts.py`  contract rules and the consolidation
- `warnings.py`   what is possible but seldom meant
"""
