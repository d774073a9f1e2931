"""SIGINT and SIGTERM ask for the end, SIGHUP for nothing, and all of them are given back."""

import asyncio
import os
import signal

import pytest

from mailsvc.house import stop_signals
from tests.support.deadline import until


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_each_asks_for_the_end(number: signal.Signals) -> None:
    async with stop_signals() as stopped:
        assert not stopped.is_set()
        os.kill(os.getpid(), number)
        await until(stopped.is_set, "the signal is heard")


async def test_a_terminal_that_closes_changes_nothing() -> None:
    async with stop_signals() as stopped:
        os.kill(os.getpid(), signal.SIGHUP)
        os.kill(os.getpid(), signal.SIGHUP)
        await asyncio.sleep(0.05)
        assert not stopped.is_set()


async def test_a_second_signal_is_heard_as_the_first() -> None:
    async with stop_signals() as stopped:
        for _ in range(3):
            os.kill(os.getpid(), signal.SIGTERM)
        await until(stopped.is_set, "the signal is heard")


async def test_afterwards_signals_mean_what_they_did() -> None:
    before = [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP)]
    with pytest.raises(RuntimeError, match="inside"):
        async with stop_signals():
            raise RuntimeError("inside")
    assert [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP)] == before
