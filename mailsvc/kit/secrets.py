"""Secrets: passwords and keys that are used and never shown.

A `Secret` prints as `***` everywhere; `reveal()` at the one place of use is the only way to its text.
A `SecretSource` in the settings says where one is kept: `{file: PATH}` or `{env: NAME}`. It is read when it is
needed, so that a changed file counts at once. `BadSecret` says what is wrong and what to do, never the secret.
"""

import hmac
import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from mailsvc.kit.paths import FilePath
from schedules.positions import Wrong

_LIMIT = 64 * 1024
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


class BadSecret(Exception):
    """A secret that cannot be read: `what` is wrong, and the `remedy`."""

    def __init__(self, what: str, remedy: str) -> None:
        super().__init__(f"{what}: {remedy}")
        self.what, self.remedy = what, remedy


class Secret:
    """A text that never prints itself; equal secrets are found equal in constant time."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """The secret itself, for the one call that needs it."""
        return self._text

    def matches(self, candidate: str) -> bool:
        """Whether `candidate` is this secret; the time taken tells nothing about where they differ."""
        return hmac.compare_digest(
            self._text.encode("utf-8", "surrogatepass"), candidate.encode("utf-8", "surrogatepass")
        )

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self.matches(other._text)

    def __hash__(self) -> int:
        return hash((Secret, self._text))

    def __repr__(self) -> str:
        return "***"

    def __format__(self, form: str) -> str:
        return "***"

    def __reduce__(self) -> str:
        raise TypeError("a secret is not written anywhere")


class SecretSource(BaseModel):
    """Where a secret is kept: a file that only its owner may read, or an environment variable."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    file: FilePath | None = Field(
        default=None, description="File holding the secret as its only line; its mode must be 600 or 400."
    )
    env: str | None = Field(
        default=None,
        min_length=1,
        pattern=r"^[A-Za-z_][A-Za-z0-9_]*$",
        description="Environment variable holding it.",
    )

    @model_validator(mode="after")
    def _one_of_two(self) -> Self:
        if (self.file is None) == (self.env is None):
            raise Wrong("a secret has one source", "write either `file: PATH` or `env: NAME`")
        return self

    def resolve(self, environ: Mapping[str, str]) -> Secret:
        """Read the secret now. Raises BadSecret; blocks for one small file."""
        if self.file is not None:
            return Secret(_read_private(self.file))
        text = environ.get(self.env or "", "")
        if not text:
            raise BadSecret(
                f"the environment variable {self.env} is not set", f"start with {self.env}=... or name a file"
            )
        return Secret(text)


def read_secret(path: Path) -> Secret:
    """The secret in a file that only its owner may read; its last newline is none of it. Raises BadSecret."""
    return Secret(_read_private(path))


def _line(text: str) -> str:
    """A text without its last newline, if it has one."""
    return text[:-1].removesuffix("\r") if text.endswith("\n") else text


def _read_private(path: Path) -> str:
    try:
        with path.open("rb") as opened:
            mode = stat.S_IMODE(os.fstat(opened.fileno()).st_mode)
            octets = opened.read(_LIMIT + 1)
        text = _line(octets.decode())
    except OSError as error:
        raise BadSecret(f"{path} cannot be read ({error.strerror})", "create it, or correct the path") from None
    except UnicodeDecodeError:
        raise BadSecret(f"{path} is not UTF-8 text", "write the secret as one line of text") from None
    if mode & _OTHERS:
        raise BadSecret(f"{path} may be read by others (mode {mode:03o})", f"chmod 600 {path}")
    if not text or "\n" in text or "\0" in text or len(octets) > _LIMIT:
        raise BadSecret(f"{path} does not hold one line of text", "write the secret as its only line")
    return text
