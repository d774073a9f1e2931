"""lost-pages: pages that were not fsynced are lost. No acknowledged message is."""

from pathlib import Path

import pytest

from tests.faults.lost_pages import LostPages
from tests.faults.service import Service
from tests.support.deadline import wait_until

pytestmark = pytest.mark.real("gcc")

SIZES = (500, 10_000, 300_000, 3_000_000)


def cut_after(house: Service, work: Path, subjects: dict[str, int], *, delivered: bool) -> None:
    """Take these messages (subject and size), cut the power at once or once they are delivered, look after."""
    work.mkdir()
    power = LostPages(house.folder, work)
    with house.serving(environ=power.environ) as program:
        answers = {subject: house.send(subject, size=size) for subject, size in subjects.items()}
        if delivered:
            wait_until(lambda: set(house.kept()) >= set(subjects), "all are delivered")
        house.crash(program)
    assert set(answers.values()) == {250}
    assert list(power.records()), "the shim saw nothing"
    power.cut()
    with house.serving():
        wait_until(lambda: set(house.kept()) >= set(subjects), f"all of {sorted(subjects)} after the cut")
        kept = house.kept()
    assert max(kept.count(subject) for subject in subjects) <= 2


def test_a_cut_right_after_the_250(house: Service, tmp_path: Path) -> None:
    cut_after(house, tmp_path / "cut", {f"at-once-{size}": size for size in SIZES}, delivered=False)


def test_a_cut_after_delivery(house: Service, tmp_path: Path) -> None:
    cut_after(house, tmp_path / "cut", {f"delivered-{size}": size for size in SIZES}, delivered=True)


@pytest.mark.long
def test_cuts_one_after_the_other(house: Service, tmp_path: Path) -> None:
    for number in range(10):
        subjects = {f"cut-{number}-{size}": size for size in SIZES}
        cut_after(house, tmp_path / f"cut-{number}", subjects, delivered=number % 2 == 1)
