from mailsvc.outbox.lanes import Lanes

HOP = "smtp://mx.example:25"


def lanes() -> Lanes:
    return Lanes(share=lambda _: 2, first_pause=1, longest_pause=8)


def test_a_lane_has_its_share_and_no_more() -> None:
    known = lanes()
    assert known.room(HOP, 0) == 2
    known.begin(HOP)
    known.begin(HOP)
    assert known.room(HOP, 0) == 0
    assert known.closed(0) == {HOP}
    known.end(HOP)
    assert known.room(HOP, 0) == 1


def test_a_lane_whose_hop_is_away_rests_and_is_probed_by_one() -> None:
    known = lanes()
    assert known.away(HOP, 100, "refused")
    assert known.why(HOP) == "refused"
    assert known.room(HOP, 100.9) == 0
    assert known.closed(100.9) == {HOP}
    assert known.next_probe() == 101
    assert known.to_probe(101) == (HOP,)
    known.begin(HOP)
    assert known.room(HOP, 101) == 0
    assert known.to_probe(101) == ()


def test_pauses_double_up_to_the_longest() -> None:
    known, now, pauses = lanes(), 0.0, []
    for _ in range(6):
        known.away(HOP, now, "away")
        end = known.next_probe()
        assert end is not None
        pauses.append(end - now)
        now = end
    assert pauses == [1, 2, 4, 8, 8, 8]


def test_attempts_that_fail_together_lengthen_the_pause_once() -> None:
    known = lanes()
    assert known.away(HOP, 10, "away")
    assert not known.away(HOP, 10.2, "away")
    assert known.next_probe() == 11


def test_an_answer_opens_the_lane() -> None:
    known = lanes()
    known.away(HOP, 0, "away")
    assert known.back(HOP)
    assert not known.back(HOP)
    assert known.room(HOP, 0) == 2
    assert known.next_probe() is None
    assert known.why(HOP) == ""
    known.away(HOP, 50, "away")
    assert known.next_probe() == 51


def test_lanes_do_not_disturb_each_other() -> None:
    known = lanes()
    known.away(HOP, 0, "away")
    assert known.room("maildir:/srv/mail/{domain}/{user}", 0) == 2
    assert not known.resting("maildir:/srv/mail/{domain}/{user}")
    assert set(known.known()) == {HOP}
