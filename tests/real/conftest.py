"""Fixtures for the real servers; each test that uses one carries the marker real(server)."""

import pytest

from tests.real.dovecot import Dovecot
from tests.real.dovecot import dovecot as shared_dovecot
from tests.support.run_folder import RunFolder


@pytest.fixture(scope="session")
def dovecot(run_folder: RunFolder) -> Dovecot:
    return shared_dovecot(run_folder)
