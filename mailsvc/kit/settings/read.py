"""Reading the settings file, with all its problems at once, and what files it names.

`read_settings` is for programs that run with these settings; `parse_settings` judges a text alone.
Both raise BadFile.
"""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from mailsvc.kit.imap_mailboxes import ImapMailboxes
from mailsvc.kit.secrets import BadSecret, SecretSource
from mailsvc.kit.settings.model import Settings
from schedules.positions import BadFile, Position, Problem
from schedules.yamlfile import read_model


def read_settings(path: Path, environ: Mapping[str, str]) -> Settings:
    """Read the settings in `path` and check that the files and variables they name can be read.

    Relative paths in it start at its folder. Raises BadFile with every problem.
    """
    try:
        text = path.read_bytes()
    except OSError as error:
        remedy = "name the settings file with --settings, or print one with `lastpost settings example`"
        raise BadFile([Problem(Position(str(path)), f"cannot be read ({error.strerror})", remedy)]) from None
    settings = parse_settings(text, str(path), path.absolute().parent)
    problems = tuple(_unreadable(settings, environ))
    if problems:
        raise BadFile(problems)
    return settings


def parse_settings(text: str | bytes, file: str, folder: Path | None = None) -> Settings:
    """Read settings from `text`, called `file` in problems; relative paths start at `folder`. Raises BadFile."""
    settings, places = read_model(text, file, Settings, context={"folder": folder})
    return settings.read_from(places)


def _unreadable(settings: Settings, environ: Mapping[str, str]) -> Iterator[Problem]:
    for name in ("certificate", "key", "client_ca"):
        path: Path | None = getattr(settings.gateway, name)
        if path is not None and not (path.is_file() and os.access(path, os.R_OK)):
            place = settings.position("gateway", name)
            yield Problem(place, f"{path} cannot be read", "create it, correct the path, or let this user read it")
    for name, domain in settings.domains.items():
        ca = domain.mailboxes.url.ca if isinstance(domain.mailboxes, ImapMailboxes) else None
        if ca is not None and not (ca.is_file() and os.access(ca, os.R_OK)):
            place = settings.position("domains", name, "mailboxes")
            yield Problem(place, f"{ca} cannot be read", "create it, correct the path, or let this user read it")
        if domain.mailboxes_secret is not None:
            place = settings.position("domains", name, "mailboxes_secret")
            yield from _unreadable_secret(domain.mailboxes_secret, place, environ)
    if settings.quota.imap.secret is not None:
        yield from _unreadable_secret(settings.quota.imap.secret, settings.position("quota", "imap", "secret"), environ)
    if settings.records.password is not None:
        yield from _unreadable_secret(settings.records.password, settings.position("records", "password"), environ)
    for number, secret in enumerate(settings.forwarding.srs_secrets or ()):
        yield from _unreadable_secret(secret, settings.position("forwarding", "srs_secrets", number), environ)


def _unreadable_secret(secret: SecretSource, place: Position, environ: Mapping[str, str]) -> Iterator[Problem]:
    try:
        secret.resolve(environ)
    except BadSecret as bad:
        yield Problem(place, bad.what, bad.remedy)
