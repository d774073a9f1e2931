"""The last part of `./test --long`: every fuzz target for a while, then a line in bench/RESULTS.md.

    python -m tests.fuzz.long_run RESULT SECONDS     what pytest answered, and how long it took

Where atheris can be imported, each target runs under its coverage-guided engine in a child of its own; else under the
seeded mutator. Ends with 1 where any target broke; the input is printed.
"""

import datetime as dt
import importlib.util
import platform
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from random import Random

from tests.fuzz.harness import FOLDER, Crashed, Target, hammer, targets

SECONDS = 60
ROUNDS = 20_000
RESULTS = FOLDER.parents[1] / "bench" / "RESULTS.md"
GUIDED = """
import sys, atheris
with atheris.instrument_imports(include=["schedules", "filters", "migrator", "mailsvc"]):
    from tests.fuzz import harness
    chosen = next(one for one in harness.targets() if one.name == sys.argv[1])
atheris.Setup([sys.argv[0], *sys.argv[2:]], chosen.run)
atheris.Fuzz()
"""


def guided(target: Target, folder: str) -> str:
    """Run one target under atheris; answer what broke it, or nothing."""
    command = [sys.executable, "-c", GUIDED, target.name, f"-max_total_time={SECONDS}", "-max_len=4096"]
    command += [f"-artifact_prefix={folder}/", folder]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=FOLDER.parents[1])
    return "" if done.returncode == 0 else (done.stdout + done.stderr)[-3000:]


def seeded(target: Target) -> str:
    """Run one target under the seeded mutator; answer what broke it, or nothing."""
    end = time.monotonic() + SECONDS
    seed = 0
    try:
        while time.monotonic() < end:
            hammer(target, ROUNDS, Random(seed))
            seed += 1
    except Crashed as crash:
        return str(crash)
    return ""


def fuzz() -> dict[str, str]:
    """What broke each target; empty words where nothing did."""
    with_atheris = importlib.util.find_spec("atheris") is not None
    told: dict[str, str] = {}
    for target in targets():
        with tempfile.TemporaryDirectory() as corpus:
            for number, seed in enumerate(target.seeds):
                (Path(corpus) / str(number)).write_bytes(seed)
            told[target.name] = guided(target, corpus) if with_atheris else seeded(target)
        print(f"{target.name}: {told[target.name] or 'held'}", file=sys.stderr)
    return told


def main(result: int, seconds: int) -> int:
    """Fuzz, write the line, answer the exit code."""
    told = fuzz()
    broken = [name for name, how in told.items() if how]
    engine = "atheris" if importlib.util.find_spec("atheris") else "seeded mutator"
    day = dt.datetime.now(dt.UTC).date().isoformat()
    machine = f"{platform.machine()}, {platform.platform(terse=True)}, Python {platform.python_version()}"
    tests = "passed" if result == 0 else f"FAILED ({result})"
    outcome = f"FAILED: {', '.join(broken)}" if broken else "all held"
    fuzzed = f"{len(told)} fuzz targets, {SECONDS} s each with {engine}: {outcome}"
    with RESULTS.open("a") as results:
        results.write(f"\n- {day}, {machine}: `./test --long` {tests} in {seconds} s; {fuzzed}.\n")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), int(sys.argv[2])))
