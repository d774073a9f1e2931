"""Two people never share a mailbox: what settings must hold so that no two addresses lead to one.

`shared(domains)` yields a fault for each domain whose mailboxes are those of another; `no_domain(target)` tells a
template of many domains that does not tell them apart.
"""

from collections.abc import Iterator, Mapping
from os.path import normpath

from mailsvc.kit.faults import Fault
from mailsvc.kit.imap_mailboxes import ImapMailboxes
from mailsvc.kit.settings.mail import DomainSettings
from mailsvc.kit.targets import MaildirTarget
from schedules.positions import Wrong

_KINDS = {MaildirTarget: "Maildirs", ImapMailboxes: "mailboxes"}


def no_domain(target: object) -> Wrong | None:
    """What is wrong with a place for many domains that has no `{domain}` in it."""
    if isinstance(target, ImapMailboxes):
        told_apart = target.tells_domains_apart
    else:
        told_apart = not isinstance(target, MaildirTarget) or "{domain}" in target.template
    if told_apart:
        return None
    return Wrong(f"{str(target)!r} would mix the mail of many domains", "write {domain} where their names go")


def shared(domains: Mapping[str, DomainSettings]) -> Iterator[Fault]:
    """Each domain whose mailboxes another domain above it in the file has already."""
    first: dict[str, str] = {}
    for pattern, domain in domains.items():
        target = domain.seen
        if target is None:
            continue
        path = (pattern, "deliver" if target is domain.deliver else "mailboxes")
        wrong = no_domain(target) if pattern.startswith("*.") else None
        if wrong is not None:
            yield path, wrong
            continue
        place = _place(target, pattern)
        owner = first.setdefault(place, pattern)
        if owner != pattern:
            what = f"people of {pattern} and {owner} would share {_KINDS[type(target)]}"
            yield path, Wrong(what, "write {domain} in the path, or import the addresses of one as aliases")


def _place(target: MaildirTarget | ImapMailboxes, domain: str) -> str:
    if isinstance(target, MaildirTarget):
        return normpath(target.template.replace("{domain}", domain))
    return str(target.mailbox(domain, "{user}"))
