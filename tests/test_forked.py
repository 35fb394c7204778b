"""Servers that are forked have what a program of its own would have."""

import os
import shutil
import signal
import subprocess
from pathlib import Path

import pytest

from tests.cli.commands import clean_environ
from tests.forked import Forked
from tests.serving import Server, free_port


@pytest.fixture
def url(sqlite_template: Path, tmp_path: Path) -> str:
    """A migrated database."""
    return f"sqlite:///{shutil.copy(sqlite_template, tmp_path / 'gridgift.db')}"


@pytest.fixture
def output(tmp_path: Path) -> Path:
    """Where a forked process writes to."""
    path = tmp_path / "output"
    path.write_text("before\n")
    return path


def test_a_command_has_its_own_arguments_output_and_exit_code(output: Path) -> None:
    assert Forked(["--version"], clean_environ(), output).wait(30) == 0
    assert Forked(["serve", "--port", "many"], clean_environ(), output).wait(30) == 2
    version, *refusal = output.read_text().removeprefix("before\n").splitlines()
    assert version.startswith("gridgift ")
    assert any("'many'" in line for line in refusal), refusal


def test_a_command_has_its_own_environment_folder_and_session(
    output: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    environ = clean_environ() | {"GRIDGIFT_DATABASE_URL": "sqlite:///own.db"}
    server = Forked(["serve", "--port", str(free_port())], environ, output)
    assert os.getsid(server.pid) == server.pid
    with pytest.raises(subprocess.TimeoutExpired):
        server.wait(0.1)
    while not (tmp_path / "own.db").exists():
        assert server.poll() is None, output.read_text()
    server.terminate()
    assert server.wait(30) == 0


def test_how_a_process_ended_is_known(url: str) -> None:
    with Server.started(url) as server:
        server.kill()
        assert server.process.poll() == -signal.SIGKILL
        server.process.terminate()  # it is no other process's pid by now
        server.restart()
        assert server.stop() == 0


def test_other_variables_than_gridgifts_have_a_program_of_their_own(url: str) -> None:
    own, other = {"GRIDGIFT_LOG_FORMAT": "console"}, {"PYTHONUTF8": "1"}
    for environ, sort in ((own, Forked), (other, subprocess.Popen)):
        with Server.started(url, environ=environ) as server:
            assert isinstance(server.process, sort)
