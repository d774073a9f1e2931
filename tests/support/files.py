"""Files that a running service reads while a test writes them: `put(path, text)` replaces the whole at once.

Between the truncation and the writing of `Path.write_text` a reader finds nothing: of a clock file, no offset at all.
"""

from pathlib import Path


def put(path: Path, text: str) -> None:
    """Whoever reads `path` finds what it held before or `text`, and never a part."""
    beside = path.with_name(f".{path.name}.new")
    beside.write_text(text, encoding="utf-8")
    beside.replace(path)
