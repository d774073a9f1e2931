"""Explanations: the gateway's very reply, the rule behind it, and what changes next."""

from datetime import UTC, datetime, timedelta

import pytest

from filters.mail import ClientKind
from filters.verdict import Because
from mailsvc.desk.accounts_import import import_accounts
from mailsvc.desk.amending import Named, hold
from mailsvc.desk.explaining import Explained, explain
from mailsvc.desk.plans import apply_plan
from mailsvc.records import forward_pauses, marks
from schedules.jump import Suspect
from schedules.names import Address, BadName
from schedules.planfile import read_plan
from schedules.positions import Wrong
from schedules.words import Capability, Stage
from tests.rules.desk.world import EXAMPLE_CSV, NOW, PLAN, SETTINGS, World, opened

BEFORE, AFTER, LATE = "2026-12-01", "2027-04-01", "2027-05-01"
ENDED = "550 5.1.6 This mail service has ended; see https://www.closing.example/notice"


@pytest.fixture
def closing(world: World) -> World:
    import_accounts(world.desk, EXAMPLE_CSV, world.rejects)
    apply_plan(world.desk, read_plan(PLAN, "closing.yaml"), "decided")
    return world


def test_a_forward_that_rests_is_told(closing: World) -> None:
    saburo, target = (Address.parse(f"saburo@{domain}.example") for domain in ("closing", "newhome"))
    closing.desk.records.act(lambda conn: forward_pauses.pause(conn, saburo, target, since=NOW, reply="550 5.1.1 no"))
    found = told(closing, "saburo")
    assert found.because is Because.LIVE
    assert "`lastpost forwards list`" in found.note
    assert told(closing, "jiro").note == ""


def told(world: World, local: str, at: str | None = BEFORE, kind: ClientKind = ClientKind.WORLD) -> Explained:
    return explain(world.desk, local if "@" in local else f"{local}@closing.example", at, kind)


@pytest.mark.parametrize(
    ("local", "before", "after", "late"),
    [
        ("hanako", "250 2.1.5", ENDED, ENDED),
        ("hanako+shop", "250 2.1.5", ENDED, ENDED),
        ("yamada", "250 2.1.5", ENDED, ENDED),
        ("jiro", "251 2.1.5", "251 2.1.5", "551 5.1.6 User not local; please try <jiro@newhome.example>"),
        ("saburo", "250 2.1.5", "250 2.1.5", ENDED),
        ("shiro", *["551 5.1.6 User not local; please try <shiro@elsewhere.example>"] * 3),
        ("goro", *["550 5.1.6 This address is no longer in use"] * 3),
        ("rokuro", "250 2.1.5", ENDED, ENDED),
        ("hachiko", "250 2.1.5", ENDED, ENDED),
        ("postmaster", *["250 2.1.5"] * 3),
        ("nobody", *["550 5.1.1"] * 3),
        ("x@elsewhere.example", *["550 5.7.1"] * 3),
    ],
)
def test_the_reply_is_the_one_of_the_hour(closing: World, local: str, before: str, after: str, late: str) -> None:
    replies = [told(closing, local, at).reply for at in (BEFORE, AFTER, LATE)]
    assert [reply[: len(want)] for reply, want in zip(replies, (before, after, late), strict=True)] == [
        before,
        after,
        late,
    ]


def test_the_instant_of_the_end_is_not_before_the_end(closing: World) -> None:
    assert told(closing, "hanako", "2027-03-31T17:59:59").reply.startswith("250")
    assert told(closing, "hanako", "2027-03-31T18:00").reply == ENDED
    assert told(closing, "hanako", "2027-03-31T09:00:00Z").reply == ENDED


def test_rule_place_position_and_next_change_are_told(closing: World) -> None:
    before = told(closing, "hanako", "2027-02-01")
    assert (before.rule, before.position, before.plan, before.edition) == ("open", Stage.FREEZE, "closing", 1)
    assert before.next_change == datetime(2027, 3, 31, 9, 0, tzinfo=UTC)
    after = told(closing, "hanako", AFTER)
    assert (after.rule, str(after.source)) == ("stage", "closing.yaml:10:16")
    assert after.since == datetime(2027, 3, 31, 9, 0, tzinfo=UTC)
    assert after.reason is not None
    assert after.reason.ja == "サービスは終了しました"
    assert "stage (closing.yaml:10:16)" in str(after.fields()["rule"])


def test_an_address_that_is_held_is_explained_by_the_hold(closing: World) -> None:
    hold(closing.desk, "closing", Named(area="tokyo"), until="2027-06-30", reason="the earthquake")
    held = told(closing, "hanako", AFTER)
    assert (held.reply[:3], held.rule) == ("250", "hold")
    assert told(closing, "info", AFTER).reply == ENDED


def test_what_a_local_sender_may_do_is_told_for_submission(closing: World) -> None:
    before = told(closing, "hanako", BEFORE, ClientKind.SUBMISSION)
    assert before.as_sender is not None
    assert before.as_sender.startswith("250")
    after = told(closing, "hanako", AFTER, ClientKind.SUBMISSION)
    assert after.as_sender is not None
    assert after.as_sender.startswith("550 5.7.1")
    assert after.as_sender_because is Because.SEND_ENDED
    suspended = told(closing, "rokuro", BEFORE, ClientKind.SUBMISSION)
    assert suspended.as_sender_because is Because.SENDER_SUSPENDED


def test_strangers_may_be_written_to_from_submission_alone(closing: World) -> None:
    assert told(closing, "x@elsewhere.example", BEFORE, ClientKind.SUBMISSION).reply.startswith("250")
    assert told(closing, "x@elsewhere.example", BEFORE, ClientKind.SUBMISSION).as_sender is None
    assert told(closing, "x@elsewhere.example", BEFORE, ClientKind.INBOUND).reply.startswith("550 5.7.1")


def test_without_a_time_it_is_now(closing: World) -> None:
    assert told(closing, "hanako", None).at == NOW
    closing.clock.advance(timedelta(days=200))
    assert told(closing, "hanako", None).reply == ENDED


def test_a_domain_without_a_directory_is_answered_451_with_a_note(closing: World) -> None:
    explained = told(closing, "a@second.example")
    assert explained.reply.startswith("451 4.3.0")
    assert "import its accounts" in explained.note
    assert explained.plan == ""


def test_mail_without_a_way_outward_is_put_off(closing: World) -> None:
    folder = closing.folder / "inner"
    folder.mkdir()
    bare = SETTINGS.replace('outbound:\n  deliver: "maildir:mail/{domain}/{user}"\n', "")
    with opened(folder, bare) as world:
        import_accounts(world.desk, EXAMPLE_CSV, world.rejects)
        explained = told(world, "saburo")
        assert explained.reply.startswith("451 4.3.0")
        assert "no `outbound` way" in explained.note


def test_soft_bounce_softens_the_reply(closing: World) -> None:
    folder = closing.folder / "inner"
    folder.mkdir()
    with opened(folder, SETTINGS + "soft_bounce: yes\n") as world:
        import_accounts(world.desk, EXAMPLE_CSV, world.rejects)
        assert told(world, "nobody").reply.startswith("450 4.1.1")


def test_a_full_mailbox_is_explained(closing: World) -> None:
    folder = closing.folder / "mail" / "closing.example" / "mitsuru" / "new"
    folder.mkdir(parents=True)
    for sub in ("cur", "tmp"):
        (folder.parent / sub).mkdir()
    (folder / "1.M1P1Q1.mx,S=2000000").write_bytes(b"x" * 2_000_000)
    explained = told(closing, "mitsuru")
    assert explained.because is Because.OVER_QUOTA_GRACE
    assert explained.reply.startswith("452 4.2.2")


def test_while_the_clock_is_in_doubt_only_the_same_answer_stands(closing: World) -> None:
    closing.clock.advance(timedelta(days=200))
    now = closing.clock.now()
    doubt = Suspect(now - timedelta(days=200), now, now, "the wall clock went 200 days ahead")
    closing.desk.records.act(lambda conn: marks.put_jump(conn, doubt.to_json()))
    jumped = told(closing, "hanako", None)
    assert (jumped.because, jumped.reply[:9]) == (Because.CLOCK_JUMP, "451 4.3.0")
    assert "in doubt" in jumped.note
    assert told(closing, "goro", None).reply.startswith("550 5.1.6")
    assert told(closing, "hanako", AFTER).reply == ENDED  # a time that was asked for is not in doubt


def test_all_rulings_are_there_for_machines(closing: World) -> None:
    rulings = {str(row["capability"]): row["allowed"] for row in told(closing, "hanako", AFTER).rulings}
    assert rulings["receive"] is False
    assert rulings["export"] is True
    assert set(rulings) == set(map(str, Capability))


@pytest.mark.parametrize(("address", "at", "error"), [("hanako", None, BadName), ("a@closing.example", "soon", Wrong)])
def test_words_that_make_no_sense_are_told(
    closing: World, address: str, at: str | None, error: type[Exception]
) -> None:
    with pytest.raises(error):
        explain(closing.desk, address, at, ClientKind.WORLD)
