"""Where measurements are written: one section a run, the newest last, with date and machine.

`Table(title).row(...)`, then `.write()`, which prints it and appends it to bench/RESULTS.md.
"""

import os
import platform
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

RESULTS = Path(__file__).parent / "RESULTS.md"


def machine() -> str:
    model = next(
        (
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
            if line.startswith("model name")
        ),
        platform.machine(),
    )
    system = f"{platform.system()} {platform.release()}"
    return f"{os.cpu_count()} cores ({model}), {system}, Python {platform.python_version()}"


@dataclass
class Table:
    title: str
    columns: tuple[str, ...]
    rows: list[tuple[str, ...]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def row(self, *cells: object) -> None:
        self.rows.append(tuple(str(cell) for cell in cells))

    def note(self, sentence: str) -> None:
        self.notes.append(sentence)

    def text(self) -> str:
        lines = [f"## {self.title}", "", f"{datetime.now(UTC):%Y-%m-%d}, {machine()}", ""]
        lines += ["| " + " | ".join(self.columns) + " |", "|" + "---|" * len(self.columns)]
        lines += ["| " + " | ".join(row) + " |" for row in self.rows]
        lines += ["", *self.notes] if self.notes else []
        return "\n".join(lines) + "\n"

    def write(self) -> None:
        print(self.text())
        rule = "One section a run, the newest last. Machines are shared: ratios of one run hold, seconds do not."
        head = f"# Measurements\n\n{rule}\n"
        old = RESULTS.read_text(encoding="utf-8") if RESULTS.exists() else head
        RESULTS.write_text(f"{old}\n{self.text()}", encoding="utf-8")
