"""What tests share: modules that are compiled, certificates that are read."""

import subprocess
import sys

import httpx2
import pytest

from tests.shared import keep_bytecode


def test_modules_are_kept_compiled(monkeypatch: pytest.MonkeyPatch) -> None:
    """By this process and by those that it starts, as in a container that is told otherwise."""
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    keep_bytecode()
    assert not sys.dont_write_bytecode
    subprocess.run(
        [sys.executable, "-c", "import sys; sys.exit(sys.dont_write_bytecode)"], check=True
    )


def test_certificates_are_read_once() -> None:
    assert httpx2.create_ssl_context() is httpx2.create_ssl_context()
