"""What is installed is what was tested: the wheel holds every file of the packages, data and migrations included."""

import shutil
import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("schedules", "filters", "migrator", "mailsvc")
TOP = ("pyproject.toml", "README.md", "LICENSE")
NOT_SOURCE = shutil.ignore_patterns("__pycache__", "*.pyc")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> ZipFile:
    folder = tmp_path_factory.mktemp("wheel")
    for package in PACKAGES:
        shutil.copytree(ROOT / package, folder / "source" / package, ignore=NOT_SOURCE)
    for name in TOP:
        shutil.copy(ROOT / name, folder / "source")
    build = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "--no-index", "--quiet"]
    subprocess.run([*build, "--wheel-dir", str(folder), str(folder / "source")], check=True, timeout=120)
    return ZipFile(next(folder.glob("lastpost-*.whl")))


def test_every_file_of_the_packages_is_in_the_wheel(wheel: ZipFile) -> None:
    here = {
        str(path.relative_to(ROOT))
        for package in PACKAGES
        for path in (ROOT / package).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert here - set(wheel.namelist()) == set()


@pytest.mark.parametrize(
    "file",
    [
        "mailsvc/demo/accounts.csv",
        "mailsvc/letters/templates/stage.ja.j2",
        "mailsvc/records/migrations/env.py",
        "mailsvc/records/migrations/versions/v0001_ground.py",
        "mailsvc/py.typed",
        "schedules/example_plan.yaml",
    ],
)
def test_what_is_read_at_run_time_is_in_the_wheel(wheel: ZipFile, file: str) -> None:
    assert file in wheel.namelist()


def test_nothing_else_is_in_the_wheel(wheel: ZipFile) -> None:
    assert {name.split("/")[0] for name in wheel.namelist() if ".dist-info" not in name} == set(PACKAGES)


def test_the_accounts_of_the_example_are_those_of_the_demo() -> None:
    example = ROOT / "examples/accounts/closing.csv"
    assert example.is_symlink()
    assert example.resolve() == ROOT / "mailsvc/demo/accounts.csv"
