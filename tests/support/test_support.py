import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.deadline import TooLate, until, wait_until
from tests.support.ports import free_port, listens
from tests.support.programs import Program, has_ended
from tests.support.run_folder import RunFolder, ServerFailed, Started


async def test_until_returns_when_true_and_names_what_was_late() -> None:
    answers = iter([False, True])
    await until(lambda: next(answers), "the second answer")
    with pytest.raises(TooLate, match=r"a pig that flies: not within 0\.05 s"):
        await until(lambda: False, "a pig that flies", within=0.05)


async def test_until_awaits_a_coroutine() -> None:
    async def yes() -> bool:
        return True

    await until(yes, "yes")


def test_wait_until_is_late_too() -> None:
    with pytest.raises(TooLate):
        wait_until(lambda: False, "nothing", within=0.05)


def test_free_ports_differ_and_can_be_bound() -> None:
    first, second = free_port(), free_port()
    assert first != second
    with socket.create_server(("127.0.0.1", first)):
        assert listens(first)
    assert not listens(first)


def test_another_process_is_given_other_ports() -> None:
    ours = {free_port() for _ in range(50)}
    draws = f"[port - ports._FIRST for port in {sorted(ours)}]"
    code = f"from tests.support import ports\nports._drawn = iter([*{draws}, *range(1000)])\n"
    code += "print(*[ports.free_port() for _ in range(50)])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=180, check=True)
    assert ours.isdisjoint(map(int, done.stdout.split()))


def test_a_program_is_stopped_with_its_children(tmp_path: Path) -> None:
    code = "import subprocess, time; print(subprocess.Popen(['sleep', '600']).pid, flush=True); time.sleep(600)"
    with Program([sys.executable, "-c", code], tmp_path / "log") as program:
        program.ready(lambda: program.output().strip(), "the child's number")
        grandchild = int(program.output())
        assert Path(f"/proc/{grandchild}").exists()
    assert not program.running
    wait_until(lambda: has_ended(grandchild), "the grandchild's end")


def test_an_error_is_told_with_the_programs_output(tmp_path: Path) -> None:
    def fail_beside_a_program() -> None:
        with Program([sys.executable, "-c", "print('last words')"], tmp_path / "log") as program:
            program.wait()
            raise ValueError("broken")

    with pytest.raises(ValueError, match="broken") as caught:
        fail_beside_a_program()
    assert "last words" in caught.value.__notes__[0]


def test_a_program_that_dies_before_it_is_ready_is_an_error(tmp_path: Path) -> None:
    with Program(["false"], tmp_path / "log") as program, pytest.raises(AssertionError, match="ended with 1"):
        program.ready(lambda: False, "never")


def test_signals_reach_the_program(tmp_path: Path) -> None:
    with Program(["sleep", "600"], tmp_path / "log") as program:
        program.send(signal.SIGKILL)
        assert program.wait() == -signal.SIGKILL


def test_a_shared_server_is_started_once_and_stopped_at_the_end(tmp_path: Path) -> None:
    run, starts = RunFolder.make(), []
    stopped = tmp_path / "stopped"

    def start(folder: Path) -> Started:
        starts.append(folder)
        return Started({"port": "25"}, [["touch", str(stopped)]])

    assert run.server("thing", start) == run.server("thing", start) == {"port": "25"}
    assert starts == [run.root / "thing"]
    run.close()
    assert stopped.exists()
    assert not run.root.exists()


def test_a_shared_server_that_fails_tells_every_asker() -> None:
    run, starts = RunFolder.make(), []

    def start(folder: Path) -> Started:
        starts.append(folder)
        raise OSError("no room")

    for _ in range(2):
        with pytest.raises(ServerFailed, match="thing: OSError: no room"):
            run.server("thing", start)
    run.close()
    assert len(starts) == 1


def test_the_folder_of_a_killed_run_is_cleared_by_the_next(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))  # where no other run clears away
    dead = RunFolder.make()
    (dead.root / "owner").write_text("4194303")
    stopped = tmp_path / "stopped"
    (dead.root / "x.json").write_text(f'{{"facts": {{}}, "stop": [["touch", "{stopped}"]]}}')
    RunFolder.make().close()
    assert stopped.exists()
    assert not dead.root.exists()


@pytest.mark.parametrize(
    ("server", "required", "code"), [("dovecot", "", 0), ("dovecot", "1", 1), ("chromium", "1", 1)]
)
def test_a_real_server_that_is_missing_is_counted_aloud_and_fails_a_run_that_needs_it(
    tmp_path: Path, server: str, required: str, code: int
) -> None:
    """So `.ci/run` never passes for want of a server or of a browser."""
    tests = tmp_path / "test_it.py"
    gone = "from tests.support import available as a\na._CHECKS = dict.fromkeys(a._CHECKS, lambda: 'gone')\n"
    tests.write_text(f"import pytest\n{gone}@pytest.mark.real({server!r})\ndef test_it(): raise AssertionError\n")
    root = Path(__file__).parents[2]
    command = [sys.executable, "-m", "pytest", "-c", str(root / "pyproject.toml"), "-p", "tests.conftest", str(tests)]
    environ = {**os.environ, "PYTHONPATH": str(root), "REAL_REQUIRED": required, "TMPDIR": str(tmp_path)}
    environ.pop("LASTPOST_TEST_RUN", None)
    ran = subprocess.run(command, cwd=tmp_path, env=environ, capture_output=True, text=True, check=False)
    assert ran.returncode == code, ran.stdout + ran.stderr
    assert f"real-server tests skipped: 1 ({server}: 1)" in ran.stdout
