from random import Random

import pytest

from tests.fuzz.harness import MAX_LENGTH, Crashed, Target, hammer, inputs, mutate, targets


@pytest.mark.parametrize("target", targets(), ids=lambda target: target.name)
def test_a_target_holds_against_a_short_seeded_run(target: Target) -> None:
    assert hammer(target, 500, Random(1)) >= 500


@pytest.mark.long
@pytest.mark.parametrize("target", targets(), ids=lambda target: target.name)
@pytest.mark.parametrize("seed", range(5))
def test_a_target_holds_against_long_seeded_runs(target: Target, seed: int) -> None:
    assert hammer(target, 20_000, Random(seed)) >= 20_000


def test_what_breaks_a_target_is_told_with_its_input() -> None:
    def breaks(data: bytes) -> None:
        if b"<" in data:
            raise ValueError("an angle")

    with pytest.raises(Crashed, match=r"angles on b.*: ValueError: an angle"):
        hammer(Target("angles", breaks, [b"hello"]), 1000, Random(1))


def test_the_same_seed_makes_the_same_inputs() -> None:
    first, second = (list(inputs([b"MAIL FROM:<>"], 50, Random(7))) for _ in range(2))
    assert first == second
    assert len(set(first)) > 25


def test_inputs_stay_short() -> None:
    assert max(len(mutate(b"x" * MAX_LENGTH, Random(seed))) for seed in range(50)) <= MAX_LENGTH
