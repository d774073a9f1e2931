"""Log lines: structured, with the id of the message they are about, without secrets.

    log = configure(sys.stderr, json=True, level="info")
    with about(message=message.id):
        log.info("accepted", size=message.size)

`configure` is called once by the program; every room gets the `Log` as an argument. What libraries log through the
standard library comes out in the same form. A line that cannot be written is dropped: a full disk under the log
must not stop mail.
"""

import contextlib
import logging
from collections.abc import Callable, Mapping, MutableMapping
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from typing import Protocol, Self, TextIO, cast

import structlog

from mailsvc.kit.printable import json_printable, printable
from mailsvc.kit.redaction import blank_urls, redact

Processor = Callable[[object, str, MutableMapping[str, object]], MutableMapping[str, object] | str]
Now = Callable[[], datetime]

# Libraries whose info lines repeat what we log ourselves, or hold what clients sent.
_CHATTY = ("aiosmtpd", "alembic", "apscheduler", "asyncio", "mail", "multipart", "sqlalchemy", "uvicorn")


class Log(Protocol):
    """A logger that rooms are handed; an event is a short constant phrase, what varies are fields."""

    def debug(self, event: str, **fields: object) -> object:
        """Say what only a developer asks for."""

    def info(self, event: str, **fields: object) -> object:
        """Say what happened as it should."""

    def warning(self, event: str, **fields: object) -> object:
        """Say what an operator may want to look at."""

    def error(self, event: str, **fields: object) -> object:
        """Say what an operator must look at; `exc_info=error` adds the traceback."""

    def bind(self, **fields: object) -> Self:
        """The same logger with these fields on every line."""


def about(**fields: str) -> AbstractContextManager[object]:
    """Put these fields (`message=ID`) on every line logged inside, in this task and those it starts."""
    return structlog.contextvars.bound_contextvars(**fields)


def configure(stream: TextIO, *, json: bool, level: str, now: Now = lambda: datetime.now(UTC)) -> Log:
    """Send all logging of this process to `stream` from `level` (debug, info, warning, error) on.

    With `json` one JSON object a line, else for a person. Calling it again replaces what was set before.
    """
    weight = logging.getLevelNamesMapping()[level.upper()]
    shared = _shared(now)
    renderer = _json if json else _console(stream)
    _route_library_logs(stream, shared, renderer, weight)
    return cast(
        "Log",
        structlog.wrap_logger(
            _Lines(stream),
            processors=[*shared, renderer],
            wrapper_class=structlog.make_filtering_bound_logger(weight),
            cache_logger_on_first_use=True,
        ).bind(),
    )


def _shared(now: Now) -> list[Processor]:
    def stamp(_logger: object, _method: str, event: MutableMapping[str, object]) -> MutableMapping[str, object]:
        return {"at": now().isoformat(timespec="milliseconds"), **event}

    return [
        cast("Processor", structlog.contextvars.merge_contextvars),
        cast("Processor", structlog.stdlib.add_log_level),
        stamp,
        redact,
        cast("Processor", structlog.processors.format_exc_info),
        _clean_exception,
    ]


def _clean_exception(_logger: object, _method: str, event: MutableMapping[str, object]) -> MutableMapping[str, object]:
    """Exceptions may quote a URL that they could not connect to."""
    traceback = event.get("exception")
    return {**event, "exception": blank_urls(traceback)} if isinstance(traceback, str) else event


_dumps = structlog.processors.JSONRenderer(ensure_ascii=False, default=str)


def _json(logger: object, method: str, event: MutableMapping[str, object]) -> str:
    """One JSON object; what a terminal would obey, or UTF-8 cannot hold, is written as its escape."""
    return json_printable(str(_dumps(logger, method, event)))


def _console(stream: TextIO) -> Processor:
    shown = structlog.dev.ConsoleRenderer(
        colors=stream.isatty(),
        timestamp_key="at",
        pad_event_to=0,
        exception_formatter=structlog.dev.plain_traceback,
    )

    def render(logger: object, method: str, event: MutableMapping[str, object]) -> str:
        return str(shown(logger, method, {name: _shown(name, value) for name, value in event.items()}))

    return render


def _shown(name: str, value: object) -> object:
    """Text of a client must not move a terminal's cursor or begin a line of its own; a traceback has its lines."""
    return printable(value, keep="\n" if name == "exception" else "") if isinstance(value, str) else value


class _Lines:
    """The end of the chain: whole lines, flushed; a stream that is gone or full is no error."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def msg(self, line: str) -> None:
        with contextlib.suppress(OSError, ValueError):
            self._stream.write(line + "\n")
            self._stream.flush()

    debug = info = warning = error = critical = exception = msg


class _ToLines(logging.Handler):
    """What libraries log, in our form."""

    def __init__(self, stream: TextIO, formatter: logging.Formatter) -> None:
        super().__init__()
        self._lines = _Lines(stream)
        self.setFormatter(formatter)

    def emit(self, record: logging.LogRecord) -> None:
        try:
            self._lines.msg(self.format(record))
        except Exception:  # noqa: BLE001 - a library's broken log call must not break the library
            self._lines.msg(f"a log line of {record.name} could not be formatted")


def _route_library_logs(stream: TextIO, shared: list[Processor], renderer: Processor, weight: int) -> None:
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[structlog.stdlib.add_logger_name, *shared],
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
    )
    logging.basicConfig(handlers=[_ToLines(stream, formatter)], level=weight, force=True)
    quiet: Mapping[str, int] = dict.fromkeys(_CHATTY, max(weight, logging.WARNING))
    for name, threshold in quiet.items():
        library = logging.getLogger(name)
        library.handlers.clear()
        library.propagate = True
        library.setLevel(threshold)
