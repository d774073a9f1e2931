"""Tests here configure logging, which belongs to the whole process: each module leaves it as it found it."""

import logging
from collections.abc import Iterator

import pytest

_TOUCHED = (None, "aiosmtpd", "alembic", "apscheduler", "asyncio", "mail", "multipart", "sqlalchemy", "uvicorn")


@pytest.fixture(autouse=True, scope="module")
def _library_logs_restored() -> Iterator[None]:
    loggers = [logging.getLogger(name) for name in _TOUCHED]
    before = [(logger.handlers[:], logger.level, logger.propagate) for logger in loggers]
    yield
    for logger, (handlers, level, propagate) in zip(loggers, before, strict=True):
        logger.handlers[:] = handlers
        logger.setLevel(level)
        logger.propagate = propagate
