"""Paths in settings: `~` is refused, relative ones start at the folder of the settings file.

`FilePath` is the pydantic type. The folder comes as `folder` in the validation context; without it a relative
path stays relative. `{...}` templates are no paths: see `mailsvc.kit.targets`.
"""

from pathlib import Path
from typing import Annotated

from pydantic import BeforeValidator, PlainSerializer, ValidationInfo

from schedules.positions import Wrong


def under_folder(path: Path, info: ValidationInfo) -> Path:
    """`path`, made absolute below the `folder` of the validation context where it is relative."""
    folder = info.context.get("folder") if info.context else None
    return folder / path if isinstance(folder, Path) else path


def _read_path(value: object, info: ValidationInfo) -> object:
    if isinstance(value, Path):
        return under_folder(value, info)
    if not isinstance(value, str) or not value.strip() or "\0" in value:
        raise Wrong(f"{value!r} is not a path", "write the name of a file or folder")
    if value.startswith("~"):
        raise Wrong(f"{value!r} begins with ~, which is not expanded here", "write the whole path")
    return under_folder(Path(value), info)


FilePath = Annotated[Path, BeforeValidator(_read_path), PlainSerializer(str, return_type=str)]
