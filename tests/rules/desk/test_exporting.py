"""Exports asked for at the desk: from where, into what, for whom, and by whose password."""

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from mailsvc.desk.desk import Desk
from mailsvc.desk.exporting.export import export, what_became
from mailsvc.desk.exporting.jobs import Which, change_jobs
from mailsvc.desk.exporting.links import list_links, make_link, renew_link, revoke_links
from mailsvc.desk.exporting.places import made_at, place_of, secret_of
from mailsvc.desk.plans import apply_plan, read_plan_file
from mailsvc.desk.refusals import Refused
from mailsvc.kit.secrets import Secret
from mailsvc.kit.settings import parse_settings
from mailsvc.notices.export_files import files_at
from mailsvc.records import exports, job_acts, job_list
from mailsvc.records.audit import listing
from mailsvc.records.exports import ExportFile, ExportForm
from mailsvc.records.job import Job, JobKind, Side
from mailsvc.records.job_list import Wanted
from migrator.job import Event, State
from schedules.names import Address
from tests.rules.desk.world import PLAN, SETTINGS, World, opened

HANAKO = "hanako@closing.example"
ACCOUNTS = f"address,kind,alias_of\n{HANAKO},base,\nflower@closing.example,alias,{HANAKO}\n"
MORE = """\
jobs: {folder: jobs}
exports:
  folder: exports
  public_url: https://take.example
  sources:
    second.example: {mailboxes: "imaps://lp@imap.second.example?authz={user}@{domain}", secret: {file: pw}}
    "*.closing.example": {mailboxes: "imaps://{user}@imap.closing.example"}
"""


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with opened(tmp_path, SETTINGS + MORE) as made:
        made.take("address\nhanako@closing.example\n")
        made.take("address\nkei@second.example\n")
        (tmp_path / "pw").write_text("master's own\n")
        (tmp_path / "pw").chmod(0o600)
        yield made


def job(world: World, job_id: str) -> Job:
    with world.desk.records.read() as connection:
        found = job_list.find(connection, job_id, world.clock.now())
    assert found is not None
    return found


def test_a_mailbox_of_the_settings_becomes_a_job(world: World) -> None:
    asked = export(world.desk, HANAKO, ExportForm.ZIP)
    made = job(world, asked.job)
    assert (made.kind, made.address, made.state) == (JobKind.EXPORT, HANAKO, State.WAITING)
    assert made.source == f"maildir:{world.folder}/mail/closing.example/hanako"
    assert made.target == f"zip:{asked.place}"
    assert asked.link
    assert (world.folder / "exports").stat().st_mode & 0o777 == 0o700
    with world.desk.records.read() as connection:
        assert listing(connection)[0].act == "export ask"
    assert what_became(world.desk, asked.job) is None


def test_the_master_user_s_password_is_read_when_it_is_needed_and_never_kept(world: World) -> None:
    made = job(world, export(world.desk, "kei@second.example", ExportForm.MBOX).job)
    assert made.source == "imaps://lp@imap.second.example:993?authz=kei%40second.example"
    assert (made.source_host, made.needs) == ("imap.second.example", ())
    secret = secret_of(world.desk.settings, {}, made)
    assert secret is not None
    assert secret.reveal() == "master's own"
    for change in ({"kind": JobKind.MAILBOX}, {"source": "imaps://lp@evil.example:993?authz=kei%40second.example"}):
        other = Job(**{**{name: getattr(made, name) for name in Job.__slots__}, **change})
        assert secret_of(world.desk.settings, {}, other) is None


def test_with_his_own_password_a_subscriber_opens_it_himself(world: World) -> None:
    made = job(world, export(world.desk, "kei@second.example", ExportForm.ZIP, own=Secret("kei's")).job)
    assert made.source == "imaps://kei%40second.example@imap.second.example:993"
    assert made.needs == (Side.SOURCE,)
    assert secret_of(world.desk.settings, {}, made) is None
    with world.desk.records.read() as connection:
        (sealed,) = connection.exec_driver_sql("SELECT sealed FROM job_secrets").scalars()
    assert b"kei" not in sealed


def test_a_second_one_waits_for_the_first_to_end(world: World) -> None:
    first = export(world.desk, HANAKO, ExportForm.ZIP)
    for form in ExportForm:
        with pytest.raises(Refused, match=f"is open already \\(job {first.job}\\)"):
            export(world.desk, HANAKO, form)
    now = world.clock.now()
    world.desk.records.act(lambda connection: job_acts.act(connection, Wanted(ids=[first.job]), Event.CANCEL, now))
    became = what_became(world.desk, first.job)
    assert became is not None
    assert (became.state, became.is_done) == (State.CANCELLED, False)
    assert export(world.desk, HANAKO, ExportForm.ZIP).place == first.place


@pytest.mark.parametrize(
    ("form", "missing"),
    [
        (ExportForm.ZIP, "../mail-hanako-closing.example-2.zip"),
        (ExportForm.MBOX, "日本語/b.mbox"),
        (ExportForm.MBOX, "../mbox-hanako-closing.example.tar"),
        (ExportForm.MAILDIR, "cur/1"),
    ],
)
def test_where_a_file_was_taken_away_the_whole_is_copied_anew(world: World, form: ExportForm, missing: str) -> None:
    """What was settled once is not copied again: an export added to what is left would lack it for good."""
    first = export(world.desk, HANAKO, form)
    place, now = Path(first.place), world.clock.now()
    lost = Path(os.path.normpath(place / missing))
    for path in (place if form is ExportForm.ZIP else place / "other", lost):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"octets")
    files = files_at(place, form)

    def done(job_id: str) -> None:
        world.desk.records.act(lambda conn: job_acts.act(conn, Wanted(ids=[job_id]), Event.CANCEL, now))
        world.desk.records.act(lambda conn: exports.hand_over(conn, job_id, files, now))

    done(first.job)
    again = export(world.desk, HANAKO, form)
    assert again.place == first.place
    done(again.job)
    lost.unlink()
    anew = export(world.desk, HANAKO, form)
    assert (anew.place != first.place, Path(anew.place).name) == (True, place.name)


@pytest.mark.parametrize(
    ("address", "told"),
    [
        ("a@elsewhere.example", "a@elsewhere.example is none of ours"),
        ("nobody@closing.example", "there is no mailbox nobody@closing.example"),
    ],
)
def test_who_is_none_of_ours_has_no_export(world: World, address: str, told: str) -> None:
    with pytest.raises(Refused, match=told):
        export(world.desk, address, ExportForm.ZIP)


def test_an_alias_leads_to_its_mailbox(tmp_path: Path) -> None:
    with opened(tmp_path, SETTINGS + MORE) as world:
        world.take(ACCOUNTS)
        assert export(world.desk, "flower@closing.example", ExportForm.ZIP).address == HANAKO


def test_after_the_plan_s_export_end_there_is_none(world: World) -> None:
    apply_plan(world.desk, read_plan_file(world.write(PLAN, "closing.yaml")).plan, "decided")
    export(world.desk, HANAKO, ExportForm.ZIP)
    world.clock.set(world.clock.now().replace(year=2027, month=7))
    with pytest.raises(Refused, match=r"the plan allows no export of hanako@closing.example since 2027-06-30"):
        export(world.desk, HANAKO, ExportForm.MBOX)


def test_settings_say_where_it_is_read_and_kept(tmp_path: Path) -> None:
    bare = SETTINGS.replace('deliver: "maildir:mail/{domain}/{user}"\n  "*.', 'deliver: "smtp://127.0.0.1:2600"\n  "*.')
    with opened(tmp_path, bare) as world:
        world.take("address\nhanako@closing.example\n")
        with pytest.raises(Refused, match="name no folder for exports"):
            export(world.desk, HANAKO, ExportForm.ZIP)
    settings = parse_settings(bare + MORE, "lastpost.yaml", tmp_path)
    with pytest.raises(Refused, match=r"do not say where the mailboxes of closing.example are read"):
        place_of(settings, Address.parse(HANAKO))
    below = Address.parse("a@b.closing.example")
    with pytest.raises(Refused, match=r"name no password that opens mailboxes at imap.closing.example"):
        place_of(settings, below)
    assert str(place_of(settings, below, own_password=True)) == "imaps://a%40b.closing.example@imap.closing.example:993"
    with pytest.raises(Refused, match="a Maildir has no password"):
        place_of(parse_settings(SETTINGS, "lastpost.yaml", tmp_path), Address.parse(HANAKO), own_password=True)


def test_the_old_server_is_said_once_with_the_domain(tmp_path: Path) -> None:
    """Where usage is asked, mail is read, by the same password; `exports.sources` goes before it."""
    text = SETTINGS.replace(
        'deliver: "maildir:mail/{domain}/{user}"\n  "*.',
        'deliver: "smtp://127.0.0.1:2600"\n    mailboxes: "imaps://lp@imap.old.example?authz={user}@{domain}"\n  "*.',
    )
    assert text != SETTINGS
    (tmp_path / "pw").write_text("the old server's\n")
    (tmp_path / "pw").chmod(0o600)
    said = text + MORE + "quota: {imap: {secret: {file: pw}}}\n"
    with opened(tmp_path, said) as world:
        world.take("address\nhanako@closing.example\n")
        made = job(world, export(world.desk, HANAKO, ExportForm.ZIP).job)
        assert made.source == "imaps://lp@imap.old.example:993?authz=hanako%40closing.example"
        secret = secret_of(world.desk.settings, {}, made)
        assert secret is not None
        assert secret.reveal() == "the old server's"
    elsewhere = said.replace("  sources:\n", '  sources:\n    closing.example: {mailboxes: "maildir:/old/{user}"}\n')
    assert str(place_of(parse_settings(elsewhere, "lastpost.yaml", tmp_path), Address.parse(HANAKO))) == (
        "maildir:/old/hanako"
    )


@pytest.mark.parametrize("local", ['".."', '"a/../../b"', "山田", "A?b=c", "x" * 64, '"."', "-"])
def test_no_name_leaves_the_folder_or_meets_another(tmp_path: Path, local: str) -> None:
    one = made_at(tmp_path, Address.parse(f"{local}@closing.example"), ExportForm.ZIP, "new")
    assert one.path.resolve().is_relative_to(tmp_path.resolve())
    assert one.path.relative_to(tmp_path).parts[0] == "closing.example"
    assert len(one.path.relative_to(tmp_path).parts) == 4
    assert one.target.isascii()
    assert one.path != made_at(tmp_path, Address.parse("b@closing.example"), ExportForm.ZIP, "new").path


def test_links_are_made_renewed_and_revoked_by_hand(world: World) -> None:
    with pytest.raises(Refused, match="there is no export of hanako"):
        make_link(world.desk, HANAKO, "asked by telephone")
    asked = export(world.desk, HANAKO, ExportForm.ZIP)
    file = ExportFile(1, "mail.zip", 7, "aa")
    world.desk.records.act(lambda connection: exports.hand_over(connection, asked.job, [file], world.clock.now()))
    made = make_link(world.desk, HANAKO, "asked by telephone", token=lambda: "the-token")
    assert made.url == "https://take.example/take/the-token"
    assert (made.row.state, made.row.made_by) == ("unused", "tester")
    world.clock.set(world.clock.now().replace(month=12, day=30))
    assert [one.state for one in list_links(world.desk, HANAKO)] == ["expired"]
    assert renew_link(world.desk, made.row.id[:8], "he was away").state == "unused"
    with pytest.raises(Refused, match="there is no link 000000"):
        renew_link(world.desk, "000000", "x")
    with pytest.raises(Refused, match="it is not said which links"):
        revoke_links(world.desk, "x")
    assert [one.state for one in revoke_links(world.desk, "lost", address=HANAKO)] == ["revoked"]
    with pytest.raises(Refused, match="was revoked"):
        renew_link(world.desk, made.row.id, "again")
    with world.desk.records.read() as connection:
        rows = listing(connection)
    assert [one.act for one in rows[:3]] == ["links revoke", "links renew", "links make"]
    assert "the-token" not in str(rows)


def test_whoever_opens_the_mailbox_it_is_one_export_and_from_another_server_another_one(world: World) -> None:
    """Journal and files belong together: neither comes anything twice, nor is anything taken for copied."""
    elsewhere = (SETTINGS + MORE).replace("imap.second.example", "imap.third.example")
    moved = replace(world.desk, settings=parse_settings(elsewhere, "lastpost.yaml", world.folder))

    def asked(desk: Desk, own: Secret | None = None) -> tuple[str, int]:
        made = export(desk, "kei@second.example", ExportForm.ZIP, own=own)
        desk.records.act(lambda conn: job_acts.act(conn, Wanted(ids=[made.job]), Event.CANCEL, world.clock.now()))
        return made.place, job(world, made.job).move

    first, third = asked(world.desk), asked(moved)
    assert asked(world.desk, Secret("kei's")) == first
    assert (third[0] != first[0], third[1] != first[1]) == (True, True)
    assert asked(moved) == third
    assert asked(world.desk) == first, "the old server's goes on where it was"


def test_an_export_that_was_handed_over_is_asked_for_again_and_not_retried(world: World) -> None:
    asked, now = export(world.desk, HANAKO, ExportForm.ZIP), world.clock.now()
    which = Which(ids=[asked.job])
    change_jobs(world.desk, which, Event.CANCEL)
    assert [one.after for one in change_jobs(world.desk, which, Event.RETRY).jobs] == [State.WAITING]
    change_jobs(world.desk, which, Event.CANCEL)
    world.desk.records.act(lambda conn: exports.hand_over(conn, asked.job, [], now))
    with pytest.raises(Refused, match=f"the export of {HANAKO} was handed over") as refused:
        change_jobs(world.desk, which, Event.RETRY)
    assert refused.value.remedy == f"`lastpost export {HANAKO} --format FORMAT` asks for it again"
