"""As many jobs as the settings allow read the records, each in a thread of its own that goes on living."""

import threading
from concurrent.futures import ThreadPoolExecutor

from mailsvc.kit.settings.working import JobsSettings
from mailsvc.records.store import Records

_MOST = 64  # `jobs.at_once`


def test_the_most_jobs_that_settings_allow_read_beside_each_other(records: Records) -> None:
    assert JobsSettings(at_once=_MOST).at_once == _MOST
    together = threading.Barrier(_MOST)

    def read(_: int) -> int:
        found = records.version("editions")
        together.wait(300.0)  # no thread serves two
        return found

    with ThreadPoolExecutor(_MOST) as threads:
        assert set(threads.map(read, range(_MOST))) == {0}
