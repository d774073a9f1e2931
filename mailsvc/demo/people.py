"""Who lives in the demo world: what each address is there to show, with a line for the reader.

The directory itself is `accounts.csv` beside this file, imported the same way as any provider's accounts.
"""

import csv
import importlib.resources
from dataclasses import dataclass

DOMAIN = "closing.example"
FULL = "mitsuru"


@dataclass(frozen=True, slots=True)
class Person:
    """One inhabitant: the local part at closing.example and what its replies show."""

    local: str
    shows: str

    @property
    def address(self) -> str:
        """The whole address."""
        return f"{self.local}@{DOMAIN}"


PEOPLE = (
    Person("hanako", "a normal mailbox: taken until the end, then 550 with the notice page"),
    Person("jiro", "forwards to jiro@newhome.example and lets senders know: 251"),
    Person("saburo", "forwards to saburo@newhome.example in silence: 250"),
    Person("shiro", "has left and lets senders know where to: 551"),
    Person("goro", "has left and does not: 550"),
    Person(FULL, "has a full mailbox, its grace time over: 550 5.2.2"),
    Person("rokuro", "is suspended: mail is taken and kept"),
)


def accounts_csv() -> bytes:
    """The accounts of the demo world, as an import reads them."""
    return (importlib.resources.files(__package__) / "accounts.csv").read_bytes()


def addresses() -> list[str]:
    """Every address of the demo world's accounts."""
    rows = csv.DictReader(accounts_csv().decode("utf-8").splitlines())
    return [row["address"] for row in rows]
