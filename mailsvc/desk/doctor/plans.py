"""Plans and directories against the settings: what is served and never ends, what ends and is not served.

Use: `check_plans(desk)` and `check_directories(desk)`.
Fails: as the records do.
"""

from collections.abc import Iterator

from mailsvc.desk.desk import Desk
from mailsvc.desk.doctor.finding import Finding, error, note, warning
from mailsvc.records import directory, editions
from mailsvc.standing.almanac import UnreadableEdition, edition_of
from schedules.edition import Edition
from schedules.names import DomainName

PLANS, DIRECTORY = "plans", "directory"


def check_plans(desk: Desk) -> Iterator[Finding]:
    """Findings about the plans in force, and about what softens them."""
    if desk.settings.soft_bounce:
        what = "soft_bounce is on, so every permanent refusal is a temporary one"
        yield note(PLANS, what, "turn it off once the replies are those you want")
    with desk.records.read() as conn:
        stored = editions.load(conn)
    known: list[Edition] = []
    for one in stored:
        try:
            known.append(edition_of(one))
        except UnreadableEdition as problem:
            yield error(PLANS, f"{problem} (it cannot be read)", "apply a corrected plan of its name")
    served = desk.settings.domains
    named = {pattern for edition in known for pattern in edition.plan.domains}
    for pattern in sorted(set(served) - named):
        if not any(edition.covers(_name(pattern)) for edition in known):
            yield note(PLANS, f"no plan says how {pattern} ends", "nothing, if it stays; else lastpost plan apply FILE")
    for pattern in sorted(named - set(served)):
        if desk.settings.domain(_name(pattern)) is None:
            yield warning(PLANS, f"a plan ends {pattern}, which the settings do not serve", "add it under `domains`")


def check_directories(desk: Desk) -> Iterator[Finding]:
    """Findings about domains whose accounts are not there: their mail is answered 451."""
    with desk.records.read() as conn:
        published = directory.ours(conn)
    for pattern in sorted(desk.settings.domains):
        if not pattern.startswith("*.") and pattern not in published:
            what = f"{pattern} has no accounts, so mail for it is answered 451"
            yield warning(DIRECTORY, what, "lastpost accounts import FILE.csv")
    for name in sorted(published):
        if desk.settings.domain(DomainName(name)) is None:
            what = f"the accounts of {name} are there, but the settings do not serve it"
            yield warning(DIRECTORY, what, "add it under `domains`")


def _name(pattern: str) -> DomainName:
    """A domain name that a pattern covers."""
    return DomainName.parse(f"any.{pattern[2:]}" if pattern.startswith("*.") else pattern)
