from collections.abc import Iterable
from datetime import datetime, timedelta

from mailsvc.deeds.due import due, instants, keys_due
from mailsvc.deeds.kinds import Moment
from mailsvc.records.ledger import DeedKey
from schedules.amendments import Amendment, Hold
from schedules.blocks.scopes import Scope
from schedules.edition import Edition
from schedules.words import Stage
from tests.rules.deeds.end import CLOSING, DAY, Note, edition, jst, postponed

KINDS = [Note()]
SECOND = timedelta(seconds=1)


def words(deeds: object) -> list[str]:
    return [str(deed.stage) for deed in deeds]  # type: ignore[attr-defined]


def test_a_deed_is_due_at_its_stage_to_the_second() -> None:
    assert words(due([edition()], KINDS, jst(1) - SECOND, ())) == []
    assert words(due([edition()], KINDS, jst(1), ())) == ["announce"]


def test_what_is_due_comes_in_order_of_time_then_of_stages() -> None:
    assert words(due([edition()], KINDS, jst(20), ())) == ["announce", "send-end", "receive-end", "read-end"]


def test_what_is_done_is_not_due() -> None:
    done = {DeedKey(CLOSING, "announce", "note"), DeedKey(CLOSING, "send-end", "note")}
    assert words(due([edition()], KINDS, jst(10), done)) == ["receive-end"]


def test_a_stage_postponed_after_its_deed_is_not_due_again() -> None:
    done = {deed.key for deed in due([edition()], KINDS, jst(10), ())}
    later = postponed(edition(), Stage.READ_END, DAY, jst(9))
    assert due([later], KINDS, jst(20), done) == []
    assert words(due([later], KINDS, jst(21), done)) == ["read-end"]
    again = Note()
    assert due([edition({Stage.RECEIVE_END: jst(15)})], [again], jst(16), done) == []


def test_offsets_make_deeds_of_their_own() -> None:
    before = Note(stages=(Stage.READ_END,), offset=-7 * DAY)
    (deed,) = due([edition()], [before, *KINDS], jst(13), {d.key for d in due([edition()], KINDS, jst(13), ())})
    assert deed.key == DeedKey(CLOSING, "read-end", "note", -7 * 86400)
    assert deed.at == jst(13)


def test_each_domain_of_a_plan_and_each_plan_has_its_own() -> None:
    both = [edition({Stage.ANNOUNCE: jst(1)}, "a.example", "*.b.example"), edition({Stage.ANNOUNCE: jst(2)})]
    assert [deed.key.domain for deed in due(both, KINDS, jst(3), ())] == ["*.b.example", "a.example", CLOSING]


def test_a_hold_on_the_domain_moves_its_deeds() -> None:
    held = edition({Stage.READ_END: jst(10)}, "*.b.example").amended(
        Amendment(1, jst(1), "admin", "quake", Hold(Scope("*.b.example"), jst(12)))
    )
    assert due([held], KINDS, jst(11), ()) == []
    assert words(due([held], KINDS, jst(12), ())) == ["read-end"]


def test_a_hold_on_a_single_group_does_not() -> None:
    held = edition({Stage.READ_END: jst(10)}).amended(
        Amendment(1, jst(1), "admin", "quake", Hold(Scope(group="x"), jst(12)))
    )
    assert words(due([held], KINDS, jst(10), ())) == ["read-end"]


def test_the_next_instants() -> None:
    assert instants([edition()], KINDS, jst(10)) == [jst(20), jst(25)]
    assert instants([edition()], KINDS, jst(10) - SECOND)[0] == jst(10)
    assert instants([], KINDS, jst(1)) == []


class Rounds(Note):
    """Comes each day from three days before the end of receiving on, once for the whole plan."""

    def moments(self, edition: Edition, now: datetime) -> Iterable[Moment]:
        stage = edition.stage_instant(Stage.RECEIVE_END)
        assert stage is not None
        day = stage - 3 * DAY
        while day <= now + DAY:
            yield DeedKey("closing", "receive-end", "note", scope=day.date().isoformat()), Stage.RECEIVE_END, day
            day += DAY


def test_a_kind_with_rounds_is_due_once_a_round() -> None:
    keys = [deed.key for deed in due([edition()], [Rounds()], jst(8), ())]
    assert keys == [
        DeedKey("closing", "receive-end", "note", scope="2026-11-07"),
        DeedKey("closing", "receive-end", "note", scope="2026-11-08"),
    ]
    assert [deed.key for deed in due([edition()], [Rounds()], jst(8), keys[:1])] == keys[1:]


def test_the_next_round_rings_though_rounds_never_end() -> None:
    assert instants([edition()], [Rounds()], jst(12)) == [jst(13)]
    assert keys_due([edition()], [Rounds()], jst(7), ()) == [
        DeedKey("closing", "receive-end", "note", scope="2026-11-07")
    ]
