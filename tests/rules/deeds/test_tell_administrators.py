from datetime import date, timedelta
from pathlib import Path

from filters.mail import AddressKind, Forwarding, Left
from mailsvc.deeds.affected import affected
from mailsvc.deeds.stage_names import STAGE_NAMES
from mailsvc.deeds.tell_administrators import TellAdministrators
from mailsvc.letters.letter import message_id
from mailsvc.records.directory import Entry
from mailsvc.records.ledger import DeedKey
from schedules.amendments import Amendment, Hold
from schedules.blocks.scopes import Scope
from schedules.names import Address
from schedules.words import Stage
from tests.rules.deeds.end import CLOSING, DAY, edition, end, jst

NEW = Address.parse("x@newhome.example")


def entry(local: str, **more: object) -> Entry:
    return Entry(Address.parse(f"{local}@{CLOSING}"), contract=f"c-{local}", holder=f"h-{local}", **more)  # type: ignore[arg-type]


PEOPLE = [
    entry("hanako"),
    entry("jiro", forwarding=Forwarding(NEW, confirmed=True, disclose=True, keep=False)),
    entry("kei", forwarding=Forwarding(NEW, confirmed=False, disclose=True, keep=False)),
    entry("goro", left=Left(None, disclose=False)),
    entry("rokuro", suspended_since=date(2026, 1, 1)),
    entry("hana", kind=AddressKind.ALIAS, alias_of=Address.parse(f"hanako@{CLOSING}")),
]


async def test_the_letter_tells_the_stage_and_whom_it_concerns(tmp_path: Path) -> None:
    async with end(tmp_path, jst(1)) as here:
        here.publish(PEOPLE)
        here.editions = [
            edition().amended(Amendment(1, jst(1), "admin", "quake", Hold(Scope(CLOSING, area="Noto"), jst(28))))
        ]
        await here.carrier().carry_out_due()
        (letter,) = here.letters()
        evidence = here.ledger()["announce"].evidence
    assert letter.startswith(message_id(str(DeedKey(CLOSING, "announce", "tell-administrators")), "mx.example"))
    assert "[closing.example] 終了の告知: 2026-11-01 00:00 JST / [closing.example] announcement of the end" in letter
    assert "closing.example  base: 3 in use, 1 suspended, 1 left" in letter
    assert "closing.example  base: 利用中 3, 利用停止中 1, 解約済み 1" in letter
    assert "closing.example  alias: 1 in use, 0 suspended, 0 left" in letter
    assert "6 in all, 1 of them forwarding" in letter
    assert "domain closing.example, area Noto: until 2026-11-28 00:00 JST" in letter
    assert "2026-11-20 00:00 JST  end of reading (read-end)" in letter
    assert evidence.startswith("letter ")


async def test_after_an_outage_one_letter_tells_of_all_stages(tmp_path: Path) -> None:
    async with end(tmp_path, jst(21)) as here:
        await here.carrier().carry_out_due()
        await here.carrier(owner="two").carry_out_due()
        (letter,) = here.letters()
        collapsed = {stage for stage, record in here.ledger().items() if record.collapsed_into}
    assert collapsed == {"announce", "send-end", "receive-end"}
    english = letter[letter.index("To the administrators") :]
    places = [english.index(f"({stage})") for stage in ("announce", "send-end", "receive-end", "read-end")]
    assert places == sorted(places)
    assert "These stages are told in one letter" in english
    assert "No addresses are on record." in english
    assert "Holds: none" in english
    assert english.count("(forward-end)") == 1


async def test_each_stage_in_its_time_is_a_letter_of_its_own(tmp_path: Path) -> None:
    async with end(tmp_path, jst(1)) as here:
        carrier = here.carrier()
        for _ in range(30):
            await carrier.carry_out_due()
            here.clock.advance(DAY)
        letters = here.letters()
    # send-end and receive-end come at one instant: one letter tells both.
    assert len(letters) == 4
    assert len({letter.split("\n")[0] for letter in letters}) == 4
    assert "(send-end)" in letters[1]
    assert "(receive-end)" in letters[1]


async def test_the_letter_and_the_mark_are_one(tmp_path: Path) -> None:
    async with end(tmp_path, jst(1)) as here:
        carrier = here.carrier()
        key = DeedKey(CLOSING, "announce", "tell-administrators")
        lease = await carrier._claim(key)
        assert lease is not None
        here.clock.advance(timedelta(minutes=5))
        assert await here.carrier(owner="two").carry_out_due() == [key]
        assert len(here.letters()) == 1


async def test_with_nobody_to_tell_the_deed_is_done_and_says_so(tmp_path: Path) -> None:
    async with end(tmp_path, jst(1)) as here:
        nobody = TellAdministrators(here.records, here.tell._post, (), host="mx.example")
        assert await here.carrier(nobody).carry_out_due()
        assert here.letters() == []
        assert "no administrators" in here.ledger()["announce"].evidence


async def test_wildcards_count_what_they_speak_for(tmp_path: Path) -> None:
    async with end(tmp_path, jst(1)) as here:
        for domain in ("a.b.example", "x.a.b.example", "b.example"):
            here.publish([Entry(Address.parse(f"u@{domain}"))], domain)
        plan = edition(None, "*.b.example", "*.a.b.example", "b.example")
        with here.records.read() as connection:
            found = {p: [row.domain for row in affected(connection, plan, p).rows] for p in plan.plan.domains}
    assert found == {
        "*.b.example": ["a.b.example"],
        "*.a.b.example": ["x.a.b.example"],
        "b.example": ["b.example"],
    }


def test_every_stage_has_its_name_in_both_languages() -> None:
    assert set(STAGE_NAMES) == set(Stage)
    assert len({name.en for name in STAGE_NAMES.values()}) == len({n.ja for n in STAGE_NAMES.values()}) == len(Stage)
