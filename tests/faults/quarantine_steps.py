"""A message on its way into quarantine and out of it, as a program that is killed: `python -m … FOLDER SIZE`.

It keeps message K1 of so many octets, sends the notice, and releases it, on the records in FOLDER; each step is said on
stdout once it is done. Started again after a kill it does the same once more: what was done stays done.
"""

import asyncio
import sys
from pathlib import Path
from random import SystemRandom

from mailsvc.desk.desk import Desk, open_records
from mailsvc.desk.quarantine_acts import release
from mailsvc.kit.settings import parse_settings
from tests.rules.desk.quarantined import CLEAN, Says
from tests.rules.desk.world import SETTINGS
from tests.rules.notices.scene import BODY, HANAKO, Scene, case

ID = "K1"


async def steps(folder: Path, size: int) -> None:
    """Keep, tell, release."""
    settings = parse_settings(SETTINGS, str(folder / "lastpost.yaml"), folder)
    with open_records(settings) as records:
        stage = Scene(records, random=SystemRandom())
        async with records.committer.running():
            await stage.keep(case(ID), HANAKO, octets=BODY + b"x" * size)
            print("kept", flush=True)
            await stage.notices.round()
            print("told", flush=True)
        desk = Desk(records, settings, stage.clock, "tester")
        await release(desk, ID, "a false alarm", Says(CLEAN), despite_threat=False)
        print("released", flush=True)


if __name__ == "__main__":
    asyncio.run(steps(Path(sys.argv[1]), int(sys.argv[2])))
