from pathlib import Path

from tests.rules.schedules.mistakes import problems

DATA = Path(__file__).parents[2] / "data"
FORTY = (DATA / "forty_mistakes.yaml").read_text(encoding="utf-8")
TOLD = (DATA / "forty_mistakes.txt").read_text(encoding="utf-8").splitlines()


def test_a_plan_with_forty_mistakes_gets_exactly_these_forty_errors() -> None:
    assert len(TOLD) == 40
    assert [str(problem) for problem in problems(FORTY)] == TOLD


def test_each_of_the_forty_has_its_own_place_within_the_file_and_a_remedy() -> None:
    found = problems(FORTY)
    lines = FORTY.splitlines()
    assert len({problem.position for problem in found}) == 40
    for problem in found:
        assert 1 <= problem.position.line <= len(lines)
        assert 1 <= problem.position.column <= len(lines[problem.position.line - 1]) + 1
        assert problem.remedy


def test_the_forty_are_spread_over_all_sections() -> None:
    keys = [line.partition(":")[0] for line in FORTY.splitlines() if line[:1].isalpha()]
    starts = [number for number, line in enumerate(FORTY.splitlines(), 1) if line[:1].isalpha()]
    sections = {
        keys[max(at for at, start in enumerate(starts) if start <= problem.position.line)]
        for problem in problems(FORTY)
    }
    named = {"stages", "brown_outs", "switches", "exceptions", "holds", "notices", "services", "desks", "terms"}
    assert sections >= named | {"consolidation"}


def test_mending_one_of_the_forty_leaves_thirty_nine() -> None:
    assert len(problems(FORTY.replace("zone: Asia/Tokyo", "zone: Asia/Tokio"))) == 41
    assert len(problems(FORTY.replace("plan: Forty Mistakes", "plan: forty-mistakes"))) == 39
    assert len(problems(FORTY.replace("desk: closng", "desk: closing"))) == 39
    assert len(problems(FORTY.replace("recieve-end: 2024-02-01", "# nothing"))) == 39
