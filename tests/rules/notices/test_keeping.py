"""What goes into quarantine, for how long, and who is told: people of ours, at once and then together."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from filters.scan import Unreadable
from filters.verdict import Because
from mailsvc.letters.letter import message_id
from mailsvc.notices.quarantined import claimed
from mailsvc.records import notices, quarantine
from mailsvc.records.cases import Kept, Recipient, unread
from mailsvc.records.errors import RecordsAway
from mailsvc.records.notices import LISTED
from tests.rules.notices.scene import BODY, DAY, HANAKO, JIRO, NOW, OUTSIDE, Scene, case
from tests.support.deadline import until

SENT = {"client_kind": "submission", "sender_local": True, "mail_from": str(HANAKO)}
TO_OUTSIDE = (Recipient(str(OUTSIDE), str(OUTSIDE), Because.OUTWARD),)


def find(stage: Scene, case_id: str) -> Kept:
    with stage.records.read() as connection:
        found = quarantine.find(connection, case_id)
    assert found is not None
    return found


async def said(stage: Scene) -> str:
    """The newest letter's text."""
    return str((await stage.letters())[-1].get_content())


async def test_the_recipient_is_told_at_once(stage: Scene) -> None:
    await stage.keep(case("K1"), HANAKO)
    assert await stage.notices.round() == 1
    (letter,) = await stage.letters()
    assert letter["To"] == "hanako@closing.example"
    assert letter["Auto-Submitted"] == "auto-generated"
    assert "[closing.example] ウイルス検査によりメールを隔離しました" in letter["Subject"]
    assert "Mail kept in quarantine" in letter["Subject"]
    text = letter.get_content()
    for told in ("K1", "2024-01-31 12:00 JST", "taro[.]y@b[.]example", "2024-03-31", "postmaster@closing.example"):
        assert text.count(told) == 2, told  # in Japanese and in English
    assert "お客さまあてのメール" in text
    assert "sent to you (not delivered)" in text
    assert [one.mail_from for one in stage.queued()] == [""]
    assert stage.woken == [{"lane of closing.example"}]
    assert await stage.notices.round() == 0


@pytest.mark.parametrize(
    ("received", "kept_through"),
    [((2024, 1, 31), (2024, 3, 31)), ((2023, 12, 31), (2024, 2, 29)), ((2022, 12, 31), (2023, 2, 28))],
)
async def test_it_is_kept_through_the_day_two_months_later(
    stage: Scene, received: tuple[int, int, int], kept_through: tuple[int, int, int]
) -> None:
    noon_in_tokyo = datetime(*received, 3, tzinfo=UTC)
    await stage.keep(case("K1", at=noon_in_tokyo), HANAKO)
    last = find(stage, "K1").expires_at - timedelta(microseconds=1)
    assert last.astimezone(stage.quarantining.zone).timetuple()[:3] == kept_through


async def test_the_day_is_that_of_the_zone(stage: Scene) -> None:
    await stage.keep(case("K1", at=datetime(2024, 1, 30, 15, 0, tzinfo=UTC)))
    assert find(stage, "K1").expires_at == datetime(2024, 3, 31, 15, 0, tzinfo=UTC)


async def test_a_sender_of_ours_is_told_and_the_recipient_is_not(stage: Scene) -> None:
    await stage.keep(case("K1", recipients=TO_OUTSIDE, **SENT), HANAKO)
    await stage.notices.round()
    assert stage.recipients() == ["hanako@closing.example"]
    text = await said(stage)
    assert "お客さまのアドレスから送信されたメール" in text
    assert "パスワードを変更" in text
    assert "change the password" in text
    assert str(OUTSIDE) not in text


async def test_who_wrote_to_herself_is_told_that_she_sent_it(stage: Scene) -> None:
    await stage.keep(case("K1", **SENT), HANAKO)
    await stage.notices.round()
    assert "sent from your address" in await said(stage)


async def test_a_forged_sender_is_not_taken_for_the_one_who_sent(stage: Scene) -> None:
    await stage.keep(case("K1", sender_local=True, mail_from=str(HANAKO)), HANAKO)
    await stage.notices.round()
    assert "sent to you" in await said(stage)


async def test_nobody_outside_is_told_even_if_somebody_asks_for_it(stage: Scene) -> None:
    await stage.keep(case("K1", recipients=TO_OUTSIDE), OUTSIDE)
    assert await stage.notices.round() == 0
    assert find(stage, "K1").case.recipients[0].told is False
    with pytest.raises(ValueError, match="is not ours: nobody outside is told"):
        stage.records.act(lambda connection: stage.notices.add(connection, stage.kind, OUTSIDE, {}, NOW))


async def test_a_domain_that_is_ours_no_longer_gets_no_letter(stage: Scene) -> None:
    await stage.keep(case("K1"), HANAKO)
    stage.notices.ours = lambda _: False
    assert await stage.notices.round() == 0
    assert stage.queued() == []
    stage.notices.ours = lambda _: True
    assert await stage.notices.round() == 0


async def test_further_ones_are_collected_for_a_day(stage: Scene) -> None:
    await stage.keep(case("K1"), HANAKO)
    await stage.notices.round()
    for number in range(2, 5):
        stage.clock.advance(timedelta(hours=1))
        await stage.keep(case(f"K{number}", why=unread(Unreadable.ENCRYPTED)), HANAKO)
        assert await stage.notices.round() == 0
    stage.clock.set(NOW + DAY)
    assert await stage.notices.round() == 1
    text = await said(stage)
    assert [f"K{number}" in text for number in range(1, 5)] == [False, True, True, True]
    assert "検査できませんでした" in text
    assert "(3 通)" in (await stage.letters())[-1]["Subject"]
    stage.clock.advance(DAY)
    assert await stage.notices.round() == 0


async def test_nobody_is_bombed_through_notices(stage: Scene) -> None:
    for number in range(LISTED + 20):
        await stage.keep(case(f"K{number}"), HANAKO)
        await stage.notices.round()
    stage.clock.advance(DAY)
    await stage.notices.round()
    letters = await stage.letters()
    assert len(letters) == 2
    assert "ほかに 19 通あります" in letters[-1].get_content()
    assert "And 19 more." in letters[-1].get_content()


async def test_each_of_several_people_is_told_once(stage: Scene) -> None:
    both = tuple(Recipient(str(one), str(one), Because.LIVE) for one in (HANAKO, JIRO))
    await stage.keep(case("K1", recipients=both), JIRO, HANAKO, HANAKO)
    assert await stage.notices.round() == 2
    assert sorted(stage.recipients()) == [str(HANAKO), str(JIRO)]
    assert [one.told for one in find(stage, "K1").case.recipients] == [True, True]


async def test_a_message_that_is_kept_already_is_not_told_again(stage: Scene) -> None:
    await stage.keep(case("K1"), HANAKO)
    await stage.keep(case("K1", threat="Other"), HANAKO)
    await stage.notices.round()
    assert find(stage, "K1").case.threat == "Eicar-Signature"
    assert "(2 通)" not in (await stage.letters())[0]["Subject"]


async def test_two_services_send_one_letter(stage: Scene) -> None:
    other = stage.another()
    await stage.keep(case("K1"), HANAKO)
    sent = await asyncio.gather(stage.notices.round(), other.round())
    assert sorted(sent) == [0, 1]
    assert len(stage.queued()) == 1


async def test_a_letter_s_message_id_depends_on_what_it_tells_alone(stage: Scene) -> None:
    await stage.keep(case("K1"), HANAKO)
    with stage.records.read() as connection:
        (pending,) = notices.due(connection, [stage.kind.name], NOW, 10)
    key = f"quarantined hanako@closing.example {pending.due_at.isoformat()}"
    stage.clock.advance(timedelta(hours=3))
    await stage.notices.round()
    assert (await stage.letters())[0]["Message-ID"] == message_id(key, "mx.closing.example")


async def test_the_role_sends_when_woken_and_waits_for_records_that_are_away(
    stage: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, failed = stage.notices.round, asyncio.Event()

    async def away_at_first() -> int:
        if not failed.is_set():
            failed.set()
            raise RecordsAway("the records are away: locked")
        return await real()

    monkeypatch.setattr(stage.notices, "round", away_at_first)
    role = asyncio.create_task(stage.notices.run())
    await asyncio.wait_for(failed.wait(), 60)
    await stage.keep(case("K1"), HANAKO)
    await until(lambda: bool(stage.woken), "the letter is queued")
    role.cancel()
    await asyncio.gather(role, return_exceptions=True)
    assert stage.recipients() == [str(HANAKO)]
    assert stage.log.lines[0][1] == "notices wait for the records"


async def test_a_notice_that_fails_keeps_no_other_from_going(stage: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    real = stage.kind.letter

    def broken(to: object, *rest: object) -> object:
        if to == HANAKO:
            raise KeyError("at")
        return real(to, *rest)  # type: ignore[arg-type]

    await stage.keep(case("K1"), HANAKO, JIRO)
    monkeypatch.setattr(stage.kind, "letter", broken)
    assert await stage.notices.round() == 1
    monkeypatch.undo()
    assert await stage.notices.round() == 1
    assert sorted(stage.recipients()) == [str(HANAKO), str(JIRO)]


def test_a_claimed_sender_is_bounded_and_no_link() -> None:
    assert claimed("") == ""
    assert claimed('"see http://evil.example/x now"@evil.example') == "?see?http???evil[.]example?x?now?@evil[.]example"
    assert claimed("山田@example.jp") == "??@example[.]jp"
    assert claimed("a" * 500) == "a" * 80 + "?"


async def test_the_octets_are_those_that_came(stage: Scene) -> None:
    await stage.keep(case("K1"), HANAKO)
    found = find(stage, "K1")
    assert (found.size, found.case) == (len(BODY), replace(case("K1"), recipients=found.case.recipients))
