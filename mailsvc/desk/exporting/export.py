"""An export asked for: a subscriber's mailbox into files to take home, carried out by the running service.

    asked = export(desk, "hanako@closing.example", ExportForm.ZIP)
    asked = export(desk, address, form, own=Own(secret, sealer.seal))      # by the subscriber's own password

One at a time for each mailbox: a second one is Refused while the first is open. Asked again later it takes what has
come since, and its subscriber gets a new link. Refused too: an address that is none of ours, one whose plan allows no
export any more, settings that do not say where mail is read or kept.
"""

import asyncio
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

from filters.mail import Standing
from mailsvc.desk.desk import Desk
from mailsvc.desk.exporting.asking import Asked as AskedJob
from mailsvc.desk.exporting.asking import new_job
from mailsvc.desk.exporting.places import made_at, place_of, written
from mailsvc.desk.refusals import Refused
from mailsvc.kit.files import make_folder
from mailsvc.kit.secrets import Secret
from mailsvc.records import exports, jobs
from mailsvc.records.exports import Export, ExportForm
from mailsvc.records.job import JobKind, NewJob, Side
from mailsvc.records.store import Connection
from mailsvc.standing.almanac import Almanac
from mailsvc.standing.standings import Standings, mailbox_folders
from mailsvc.standing.usage import FactsAway, UsageBook
from schedules.names import Address
from schedules.words import Capability


class Seals(Protocol):
    """Seals the secret of one side of a job."""

    def __call__(self, secret: Secret, job: str, side: Side) -> bytes:
        """What is kept in the records."""
        ...


@dataclass(frozen=True, slots=True)
class Own:
    """The subscriber's own password, and what seals it for the records."""

    secret: Secret
    seal: Seals


@dataclass(frozen=True, slots=True)
class Asked:
    """An export that was asked for; with `link` its subscriber gets a letter with a link once it is done."""

    job: str
    address: str
    form: ExportForm
    place: str
    link: bool


def export(desk: Desk, address: str, form: ExportForm, *, own: Own | None = None) -> Asked:
    """Ask for an export of the mailbox of `address`."""
    folder = desk.settings.exports.folder
    if folder is None:
        raise Refused("the settings name no folder for exports", "write `exports.folder`, then start the service anew")
    mailbox = _mailbox(desk, Address.parse(address))
    source = place_of(desk.settings, mailbox, own_password=own is not None)
    made = made_at(folder, mailbox, form)
    make_folder(folder)
    make_folder(made.path.parent)
    asked = AskedJob(written(source), made.target, JobKind.EXPORT, str(mailbox))
    new = new_job(desk, asked)
    if own is not None:
        new = replace(new, secrets={Side.SOURCE: own.seal(own.secret, new.id, Side.SOURCE)})
    desk.records.act(lambda conn: _ask(desk, conn, new, Export(new.id, form, str(made.path))))
    return Asked(new.id, str(mailbox), form, str(made.path), has_link(desk, form))


def has_link(desk: Desk, form: ExportForm) -> bool:
    """Whether subscribers can fetch such an export: a Maildir is a folder of many files, for another server."""
    return bool(desk.settings.exports.public_url) and form is not ExportForm.MAILDIR


def _ask(desk: Desk, conn: Connection, new: NewJob, made: Export) -> None:
    exports.turn(conn, new.address.rpartition("@")[2])
    for job, _ in exports.running(conn, new.address):
        raise Refused(
            f"an export of {new.address} runs already (job {job})", f"`lastpost jobs show {job}` tells how far it is"
        )
    added = jobs.add(conn, new, desk.clock.now())
    if not added.is_new:
        raise Refused(
            f"the same is being moved already (job {added.id})", f"`lastpost jobs show {added.id}` tells more"
        )
    exports.add(conn, made)
    desk.note(conn, "export ask", new.address, "asked for", {"job": new.id, "form": str(made.form)})


def _mailbox(desk: Desk, address: Address) -> Address:
    """The mailbox behind an address of ours, whose plan allows an export now. Raises Refused."""
    if desk.settings.domain(address.domain) is None:
        raise Refused(f"{address} is none of ours", "`lastpost accounts list` has the addresses of ours")
    standing = _standing(desk, address, desk.clock.now())
    if standing.mailbox is None or standing.kind is None:
        raise Refused(f"there is no mailbox {address}", "`lastpost accounts list` has the addresses of ours")
    ruling = standing.rulings[Capability.EXPORT] if standing.rulings else None
    if ruling is not None and not ruling.allowed:
        since = f" since {ruling.since.isoformat(timespec='minutes')}" if ruling.since else ""
        remedy = f"`lastpost plan hold PLAN --address {address} --until TIME --reason TEXT` gives it time"
        raise Refused(f"the plan allows no export of {address}{since}", remedy)
    return standing.mailbox


def _standing(desk: Desk, address: Address, now: datetime) -> Standing:
    almanac = Almanac(desk.records, desk.settings.service.zoneinfo)
    almanac.refresh()
    usage = UsageBook(desk.records, lambda: desk.settings.quota, mailbox_folders(desk.settings))
    standings = Standings(desk.records, almanac, usage, desk.settings)
    try:
        return asyncio.run(standings.of(address, now, usage=False))
    except FactsAway as why:
        raise Refused(str(why), "`lastpost accounts import` publishes the directory") from None
