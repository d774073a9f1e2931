"""An export asked for: a subscriber's mailbox into files to take home, carried out by the running service.

    asked = export(desk, "hanako@closing.example", ExportForm.ZIP)
    asked = export(desk, address, form, own=secret)      # by the subscriber's own password

One at a time for each mailbox: a second one is Refused while the first is open. Asked again later it takes what has
come since, and its subscriber gets a new link. Refused too: an address that is none of ours, one whose plan allows no
export any more, settings that do not say where mail is read or kept.
"""

import asyncio
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from random import SystemRandom

from filters.mail import Standing
from mailsvc.desk.desk import Desk
from mailsvc.desk.exporting.asking import Asked as AskedJob
from mailsvc.desk.exporting.asking import new_job
from mailsvc.desk.exporting.jobs import sealed
from mailsvc.desk.exporting.places import Made, going_on, made_at, place_of
from mailsvc.desk.refusals import Refused
from mailsvc.kit.files import make_folder
from mailsvc.kit.ids import new_id
from mailsvc.kit.mailbox_urls import MailboxUrl, known_as, parse_mailbox, written
from mailsvc.kit.secrets import Secret
from mailsvc.records import exports, job_list, jobs
from mailsvc.records.exports import Export, ExportForm
from mailsvc.records.job import JobKind, NewJob, Side
from mailsvc.records.store import Connection
from mailsvc.standing.almanac import Almanac
from mailsvc.standing.standings import Standings, mailbox_folders
from mailsvc.standing.usage import UsageBook
from mailsvc.standing.usage_counts import FactsAway
from migrator.job import ENDED, State
from schedules.names import Address
from schedules.words import Capability


@dataclass(frozen=True, slots=True)
class Became:
    """What became of an export that has ended; `is_done`: its files are there, measured."""

    state: State
    is_done: bool
    problem: str
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class Asked:
    """An export that was asked for; with `link` its subscriber gets a letter with a link once it is done."""

    job: str
    address: str
    form: ExportForm
    place: str
    link: bool


def export(desk: Desk, address: str, form: ExportForm, *, own: Secret | None = None) -> Asked:
    """Ask for an export of the mailbox of `address`."""
    folder = desk.settings.exports.folder
    if folder is None:
        raise Refused("the settings name no folder for exports", "write `exports.folder`, then start the service anew")
    mailbox = _mailbox(desk, Address.parse(address))
    source = place_of(desk.settings, mailbox, own_password=own is not None)
    made = _made(desk, folder, mailbox, form, source)
    make_folder(folder)
    make_folder(made.path.parent)
    asked = AskedJob(written(source), made.target, JobKind.EXPORT, str(mailbox))
    new = new_job(desk, asked)
    if own is not None:
        new = replace(new, secrets=sealed(desk, new.id, {Side.SOURCE: own}))
    kept = Export(new.id, form, str(made.path))
    try:
        desk.records.act(lambda conn: _ask(desk, conn, new, kept, goes_on=made.goes_on))
    except Refused:
        if not made.goes_on:
            made.path.parent.rmdir()
        raise
    return Asked(new.id, str(mailbox), form, str(made.path), link=bool(desk.settings.exports.public_url))


def what_became(desk: Desk, job: str) -> Became | None:
    """What became of an export; None while it goes on, or waits to be handed over."""
    with desk.records.read() as conn:
        found, made = job_list.find(conn, job, desk.clock.now()), exports.find(conn, job)
    if found is None or made is None:
        raise Refused(f"there is no export {job}", "`lastpost jobs list` has jobs")
    if made.handed_at is not None:
        return Became(found.state, is_done=True, problem=made.problem)
    done = found.state in {State.DONE, State.DONE_WITH_NAMED}
    return (
        None
        if done or found.state not in ENDED
        else Became(found.state, is_done=False, problem=found.problem, remedy=found.remedy)
    )


def _made(desk: Desk, folder: Path, mailbox: Address, form: ExportForm, source: MailboxUrl) -> Made:
    """Where an export of the same mailbox goes on; else a place of its own.

    From another server everything would come a second time: what was copied is known by the mailbox it was read from.
    """
    same = known_as(source)
    with desk.records.read() as conn:
        begun = exports.begun(conn, str(mailbox), form)
        before = [one for one in begun if known_as(parse_mailbox(one.source, insecure=True)) == same]
        handed = next((one for one in before if one.handed_at is not None and one.place == before[0].place), None)
        files = exports.files_of(conn, handed.job) if handed else ()
    made = going_on(before[0], files) if before else None
    return made or made_at(folder, mailbox, form, new_id(desk.clock, SystemRandom()))


def _ask(desk: Desk, conn: Connection, new: NewJob, made: Export, *, goes_on: bool) -> None:
    exports.turn(conn, new.address.rpartition("@")[2])
    for job, _ in exports.running(conn, new.address):
        raise Refused(
            f"an export of {new.address} is open already (job {job})",
            f"`lastpost jobs show {job}` tells how far it is, `lastpost jobs cancel {job}` ends it",
        )
    if goes_on and not exports.is_kept(conn, made.place):
        raise Refused("the files of the last export are being removed", "ask for it again")
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
