"""The house rules that no linter knows, each kept by a test over the tree itself."""

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("schedules", "filters", "migrator", "mailsvc")
CODE = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
TESTS = sorted(path for folder in ("tests", "bench") for path in (ROOT / folder).rglob("*.py"))
PYTHON = CODE + TESTS
DOCS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "examples").rglob("*.md")])
LOCKS = sorted(ROOT.glob("requirements*.lock"))
SCRIPTS = [ROOT / name for name in ("run", "test", "check", ".ci/run", ".ci/venv", ".ci/lock")]
ROOMS = {
    "aiosmtpd": "mailsvc/gateway/",
    "aioimaplib": "migrator/imap/",
    "apscheduler": "schedules/alarm.py",
    "sqlalchemy": "mailsvc/records/",
    "alembic": "mailsvc/records/",
    "dkim": "filters/dkim.py",
    "holidays": "schedules/calendars.py",
    "icalendar": "mailsvc/desk/planning/ics.py",
    "dns": "mailsvc/kit/",
    "nh3": "migrator/viewer/sanitising.py",
    "publicsuffixlist": "filters/auth/",
    "srslib": "mailsvc/kit/srs.py",
    "yara_x": "filters/scanners/yara.py",
}
UNFINISHED = re.compile(r"\b(?:" + "|".join(("TO" + "DO", "FIX" + "ME", "X" * 3)) + r")\b")
# The project speaks of itself alone: not of who wrote it, where, or from which order.
WORKPLACE = re.compile(
    "|".join(
        ("/wo" + "rk/", "iss" + r"ue #?\d", "DESIGN" + r"\.md", "FIELD" + "-NOTES", "SEA" + r"MS\.md", "cla" + "ude")
    ),
    re.IGNORECASE,
)


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def length(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    return (function.end_lineno or function.lineno) - function.lineno + 1


def imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module


@pytest.mark.parametrize("library", ROOMS)
def test_each_foreign_library_is_imported_in_one_room(library: str) -> None:
    using = [name(path) for path in CODE if any(word.split(".")[0] == library for word in imported(path))]
    assert [path for path in using if not path.startswith(ROOMS[library])] == []


def test_no_file_is_over_300_lines() -> None:
    sizes = {name(path): path.read_text().count("\n") for path in [*PYTHON, *SCRIPTS, *ROOT.glob("tests/**/*.c")]}
    assert {file: lines for file, lines in sizes.items() if lines > 300} == {}


def test_files_are_short_as_a_rule() -> None:
    sizes = sorted(path.read_text().count("\n") for path in CODE if path.name != "__init__.py")
    assert sizes[len(sizes) // 2] <= 120


def test_no_function_is_over_40_lines() -> None:
    long = {f"{name(path)}:{one.name}": length(one) for path in PYTHON for one in functions(path) if length(one) > 40}
    assert long == {}


def test_functions_are_short_as_a_rule() -> None:
    lengths = sorted(length(one) for path in CODE for one in functions(path))
    assert lengths[len(lengths) * 9 // 10] <= 16


def test_every_function_says_what_it_returns() -> None:
    assert [f"{name(path)}:{one.name}" for path in PYTHON for one in functions(path) if one.returns is None] == []


def test_no_group_of_a_pattern_is_possessive() -> None:
    """Python before 3.11.5, Debian's among them, finds wrong ends for possessive groups; single signs are safe."""
    possessive = re.compile(r"\)(?:[*+?]|\{[0-9,]+\})\+")
    lines = [
        (name(path), line) for path in CODE for line in path.read_text().splitlines() if "rb" in line or '(r"' in line
    ]
    assert [(file, line) for file, line in lines if possessive.search(line)] == []


def test_nothing_is_left_for_later() -> None:
    told = [*PYTHON, *SCRIPTS, *DOCS]
    assert [name(path) for path in told if UNFINISHED.search(path.read_text())] == []


def test_the_project_speaks_of_itself_alone() -> None:
    told = [*PYTHON, *SCRIPTS, *DOCS, ROOT / "pyproject.toml", *(ROOT / "examples").rglob("*.yaml")]
    found = {name(path): WORKPLACE.findall(path.read_text()) for path in told}
    assert {file: words for file, words in found.items() if words} == {}


@pytest.mark.parametrize("lock", LOCKS, ids=name)
def test_lock_files_carry_hashes_and_no_index(lock: Path) -> None:
    text = lock.read_text()
    assert not re.search(r"index-url|find-links|trusted-host|https?://", text)
    pinned = re.findall(r"^[A-Za-z0-9][^\n=]*==.*?(?=^[A-Za-z0-9]|\Z)", text, re.MULTILINE | re.DOTALL)
    assert pinned
    assert [one.split("\n")[0] for one in pinned if "--hash=sha256:" not in one] == []


def broken_links(page: Path) -> Iterator[str]:
    text = re.sub(r"```.*?```|`[^`\n]*`", "", page.read_text(), flags=re.DOTALL)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        file, _, anchor = target.partition("#")
        if re.match(r"[a-z]+:", target):
            continue
        there = (page.parent / file).resolve() if file else page
        if not there.exists() or (anchor and there.suffix == ".md" and anchor not in anchors(there)):
            yield f"{name(page)}: {target}"


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, made as Git hosting sites make them."""
    titles = re.findall(r"^#+ +(.+?) *$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def test_every_link_in_the_documents_resolves() -> None:
    assert [link for page in DOCS for link in broken_links(page)] == []


def test_every_dependency_has_its_sentence() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = [
        *project["dependencies"],
        *(line for lines in project["optional-dependencies"].values() for line in lines),
    ]
    names = [re.match(r"[A-Za-z0-9_.-]+", line) for line in wanted]
    told = (ROOT / "docs" / "decisions" / "dependencies.md").read_text().lower()
    assert [found[0] for found in names if found and found[0].lower() not in told] == []


def test_scripts_stop_at_the_first_error() -> None:
    runnable = [path for path in SCRIPTS if path.name != "venv"]
    assert [name(path) for path in runnable if "set -euo pipefail" not in path.read_text()] == []
    assert [name(path) for path in runnable if not path.stat().st_mode & 0o100] == []
