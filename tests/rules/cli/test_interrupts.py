"""Signals wait for a safe place, once; the second one does not."""

import os
import signal
import threading
from collections.abc import Callable

import pytest

from mailsvc.cli.interrupts import between_rows


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_first_signal_waits_until_somebody_looks(number: signal.Signals) -> None:
    before = signal.getsignal(number)
    with between_rows() as look:
        look()
        os.kill(os.getpid(), number)
        assert signal.getsignal(number) is before  # the second one acts at once
        with pytest.raises(KeyboardInterrupt):
            look()
    assert signal.getsignal(number) is before


def test_without_a_signal_nothing_happens_and_handlers_come_back() -> None:
    before = signal.getsignal(signal.SIGINT)
    with between_rows() as look:
        look()
        assert signal.getsignal(signal.SIGINT) is not before
    assert signal.getsignal(signal.SIGINT) is before


def test_other_threads_leave_signals_alone() -> None:
    before, seen = signal.getsignal(signal.SIGINT), list[bool]()

    def work() -> None:
        with between_rows() as look:
            look()
            seen.append(signal.getsignal(signal.SIGINT) is before)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join(60)
    assert seen == [True]


def test_handlers_come_back_after_an_error() -> None:
    before: Callable[..., object] | int | None = signal.getsignal(signal.SIGINT)
    with pytest.raises(ZeroDivisionError), between_rows():
        raise ZeroDivisionError
    assert signal.getsignal(signal.SIGINT) is before
