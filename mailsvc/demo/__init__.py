"""A whole world on loopback: a gateway, four doors, a plan that ends in minutes, and people with mail.

`python -m mailsvc.demo` (which `./run` calls) plays it; with words behind its options it becomes `lastpost WORDS`,
with the settings of the running world. Nothing here ever sends to the network: mail that leaves goes to folders.
"""

from mailsvc.demo.main import main

__all__ = ["main"]
