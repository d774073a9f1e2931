"""What the program prints of its settings is true: the example, the handbook, the advice."""

from pathlib import Path

import pytest
import yaml

from mailsvc.kit.settings import Settings, example_settings, parse_settings, settings_handbook
from mailsvc.kit.settings.example import in_yaml
from mailsvc.kit.settings.fields import Entry, Shape, entries
from mailsvc.kit.settings.words import Section

ROOT = Path(__file__).parents[3]
AGAIN = "print it again: .venv/bin/python -c 'from mailsvc.kit.settings import *; print({}(), end=\"\")'"


def everything(section: type[Section], path: str = "") -> list[tuple[str, Entry]]:
    found: list[tuple[str, Entry]] = []
    for entry in entries(section):
        here = f"{path}{entry.name}"
        found.append((here, entry))
        if entry.below is not None:
            found += everything(entry.below, f"{here}.")
    return found


ALL = everything(Settings)


def uncommented(text: str) -> str:
    """The example with what it leaves out written in."""
    lines = []
    for line in text.splitlines():
        bare = line.strip()
        is_entry = bare.startswith("# ") and bare[2:].split(":")[0].strip() in NAMES and not bare.endswith(".")
        lines.append(line.replace("# ", "", 1) if is_entry else line)
    return "\n".join(lines)


NAMES = {name.rpartition(".")[2] for name, entry in ALL if entry.default is None}


def test_the_example_is_read_without_a_problem() -> None:
    settings = parse_settings(example_settings(), "example")
    assert settings.service.hostname == "mx.provider.example"
    assert settings.outbound is not None


def test_the_example_in_the_repository_is_what_the_program_prints() -> None:
    stored = (ROOT / "examples/lastpost.yaml").read_text()
    assert stored == example_settings(), AGAIN.format("example_settings")


def test_the_handbook_in_the_repository_is_what_the_program_prints() -> None:
    stored = (ROOT / "docs/SETTINGS.md").read_text()
    assert stored == settings_handbook(), AGAIN.format("settings_handbook")


@pytest.mark.parametrize(("path", "entry"), ALL, ids=[path for path, _ in ALL])
def test_every_entry_says_what_it_means_and_stands_in_example_and_handbook(path: str, entry: Entry) -> None:
    assert entry.meaning.endswith("."), path
    assert f"{entry.name}:" in example_settings()
    assert f"| `{entry.name}` |" in settings_handbook()


def test_defaults_in_the_example_are_the_defaults() -> None:
    """Taking out every entry that has a default and no example changes nothing."""
    shown = parse_settings(example_settings(), "example").redacted()
    for name, entry in ((entry.name, entry) for entry in entries(Settings)):
        if entry.below is None or entry.required or entry.default is None:
            continue
        assert shown[name] == entry.default, name


def test_what_is_commented_out_is_right_too() -> None:
    text = uncommented(example_settings()).replace("purpose: production", "purpose: demo")
    text = text.replace("url: sqlite:////var/lib/lastpost/records.db", "url: postgresql:///mail")
    text = text.replace("- # Address", "-\n      # Address")
    settings = parse_settings(text, "example", Path("/etc/lastpost"))
    assert settings.records.password is not None
    assert settings.clock.file == Path("/etc/lastpost/clock")
    assert str(settings.service.letters_from) == "goodbye@surviving.example"
    assert settings.gateway.client_ca == Path("/etc/lastpost/tls/clients.pem")


def test_the_example_fits_a_screen() -> None:
    assert max(len(line) for line in example_settings().splitlines()) <= 120


def test_the_handbook_has_a_chapter_for_each_section() -> None:
    text = settings_handbook()
    for chapter in (
        "`service`",
        "`domains.NAME`",
        "`gateway.listeners[]`",
        "`gateway.listeners[].submission`",
        "`log`",
    ):
        assert f"\n## {chapter}\n" in text


def test_handbook_tables_keep_their_columns() -> None:
    rows = [line for line in settings_handbook().splitlines() if line.startswith("| ")]
    assert len(rows) > 50
    assert {line.replace("\\|", "").count("|") for line in rows} == {4}


@pytest.mark.parametrize(
    "value",
    [True, False, "yes", "no", "1 h", "", "127.0.0.1:25", "[::]:25", "*.a", [], ["a", "b"], {"file": "/x"}, 7, "a: b"],
)
def test_a_value_on_one_line_reads_back(value: object) -> None:
    line = in_yaml(value)
    assert "\n" not in line
    assert yaml.safe_load(line) == value


def test_shapes_of_sections_are_seen() -> None:
    shapes = {path: entry.shape for path, entry in ALL if entry.below is not None}
    assert shapes["gateway.listeners"] is Shape.LIST
    assert shapes["domains"] is Shape.MAPPING
    assert shapes["outbound"] is Shape.ONE
    assert "records.password" not in shapes
