"""What an import has left behind: addresses published, rows rejected, generations staged."""

import csv

from mailsvc.desk.accounts_list import list_accounts
from mailsvc.records import directory, staging
from schedules.names import DomainName
from tests.rules.desk.world import World

DOMAIN = DomainName("closing.example")


def many(count: int, domain: str = "closing.example", first: int = 0) -> str:
    return "".join(f"user{number}@{domain}\n" for number in range(first, first + count))


def addresses(world: World) -> list[str]:
    return [row["address"] for row in list_accounts(world.desk, None, "")]


def rejected(world: World) -> list[dict[str, str]]:
    with world.rejects.open(encoding="utf-8", errors="surrogateescape", newline="") as file:
        return list(csv.DictReader(file))


def staged_generations(world: World) -> int:
    """How many generations are neither current nor swept nor waiting to be swept."""
    while world.desk.records.act(lambda conn: staging.sweep_generations(conn, 1000)):
        pass
    with world.desk.records.read() as conn:
        every = conn.exec_driver_sql("select count(*) from generations").scalar_one()
        return int(every) - len(directory.ours(conn))
