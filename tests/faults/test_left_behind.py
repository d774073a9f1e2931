"""What a killed import has staged is discarded by the next start of the service, not only by the next import."""

import json
import socket
from datetime import UTC, datetime

from mailsvc.desk.accounts_staging import MARK
from mailsvc.records import marks, staging
from mailsvc.records.store import Connection, Records
from schedules.names import DomainName
from tests.faults.service import DOMAIN, Service

NOBODY = 4_194_305  # above the highest process id of Linux


def left(connection: Connection) -> None:
    generation = staging.begin(connection, DomainName(DOMAIN), datetime.now(UTC), "killed")
    at = datetime.now(UTC).isoformat()
    note = {"host": socket.gethostname(), "process": NOBODY, "at": at, "generations": [generation]}
    marks.put(connection, MARK, json.dumps(note))


def test_the_service_discards_what_a_killed_import_has_left(house: Service) -> None:
    with Records.open(house.url) as records:
        records.act(left)
        with house.serving(), records.read() as connection:
            assert marks.get(connection, MARK) is None
