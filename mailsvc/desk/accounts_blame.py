"""Which rows of an accounts file what was found in the staged directory speaks of.

A staged generation is checked as a whole, so what is found there (an address twice, an alias to nowhere, two
descriptions of one contract) names addresses, contracts and holders, not rows. `Blame` remembers them and is asked
about each row when the file is read once more.
Use: `blame.add(finding)`, `blame.of(entry)`. Pure; memory grows with what was found, never with the file.
"""

from mailsvc.desk.accounts_csv import BadCell
from mailsvc.records.entries import Entry
from mailsvc.records.staging import Finding, Trouble

_COLUMNS = {
    Trouble.REPEATED: "address",
    Trouble.FORWARDS_TO_ITSELF: "forward_to",
    Trouble.AIMLESS: "alias_of",
    Trouble.TWO_CONTRACTS: "contract",
    Trouble.TWO_HOLDERS: "holder",
}
_UNNAMED = "@"


class Blame:
    """What was found so far. `len(blame)` counts it."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, str, str], Trouble] = {}  # (column, domain, key) to what was found
        self._seen: set[tuple[str, str]] = set()

    def __len__(self) -> int:
        return len(self._found)

    def add(self, finding: Finding) -> bool:
        """Remember a finding; whether it was new. What an address that stands there twice contradicts is itself."""
        column = _COLUMNS[finding.what]
        if column in {"contract", "holder"} and finding.key.startswith(_UNNAMED):
            return False
        place = (column, finding.domain, finding.key)
        new = place not in self._found
        self._found[place] = finding.what
        return new

    def read_again(self) -> None:
        """The file is read from its beginning once more: the first of two rows is the first again."""
        self._seen.clear()

    def of(self, entry: Entry) -> tuple[BadCell, ...]:
        """What is wrong with the row of this entry; asked once for each row, in order."""
        domain, key = entry.address.domain.ascii, entry.address.key
        asked = (
            ("address", key),
            ("forward_to", key),
            ("alias_of", key),
            ("contract", entry.contract),
            ("holder", entry.holder),
        )
        found = [(column, self._found.get((column, domain, name))) for column, name in asked]
        if found[0][1] is Trouble.REPEATED and (domain, key) not in self._seen:
            self._seen.add((domain, key))
            found[0] = ("address", None)
        return tuple(BadCell(column, str(what)) for column, what in found if what is not None)
