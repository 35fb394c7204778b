"""``gridgift serve``."""

import os
import re
import signal
import socket
import ssl
import subprocess
import sys
import time
from urllib.parse import urlsplit

import httpx2
import pytest

from tests.cli.commands import CommandRunner
from tests.cli.live import accepts, file_of, running, until
from tests.serving import PATIENCE, free_port

SLOW = (
    b"POST /v1/customers/kelly/actions/grant-gift-card HTTP/1.1\r\nHost: x\r\nX-API-Key: %s\r\n"
    b"Content-Type: application/json\r\nContent-Length: 12\r\nExpect: 100-continue\r\n\r\n"
)


def workers_of(pid: int) -> list[int]:
    """List a process's children."""
    found = subprocess.run(["pgrep", "-P", str(pid)], capture_output=True, text=True)
    return [int(line) for line in found.stdout.split()]


def test_it_serves_until_a_signal(both: CommandRunner) -> None:
    for number in (signal.SIGTERM, signal.SIGINT):
        with running(both, "serve", "--port", "0") as server:
            assert server.said == {"url": server.url, "docs": f"{server.url}/docs", "workers": 1}
            assert server.get("/readyz").status_code == 200
            problem = server.get("/v1/store").json()
            assert problem["type"] == f"{server.url}/errors/api_key_missing"
            left = server.stop(number)
        assert left.code == 0
        assert left.out == ""
        lines = left.err.splitlines()  # of the server's own software there is nothing to read
        assert all('"event":"request"' in line for line in lines), left.err
        assert not accepts(server.url)


def test_it_says_where_it_listens(cli: CommandRunner) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "gridgift", "serve", "--port", "0", "--host", "localhost"],
        cwd=cli.folder,
        env={**cli.environ, "GRIDGIFT_PUBLIC_URL": "https://gifts.test"},
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stderr is not None
        line = process.stderr.readline()
        url = line.partition("listens on ")[2].partition(";")[0]
        assert f"{url}/docs" in line
        problem = httpx2.get(f"{url}/v1/store", timeout=PATIENCE).json()
        assert problem["type"].startswith("https://gifts.test/")
        process.terminate()
        assert process.wait(PATIENCE) == 0


def test_a_request_that_runs_is_answered_before_it_leaves(cli: CommandRunner, kelly: str) -> None:
    key = cli.json("key", "create", "--name", "Till", "--scope", "all")["key"]
    with running(cli, "serve", "--port", "0") as server:
        place = urlsplit(server.url)
        at = (place.hostname, place.port)
        with socket.create_connection(at, timeout=PATIENCE) as connection:
            connection.sendall(SLOW % key.encode())
            assert connection.recv(4096).startswith(b"HTTP/1.1 100")  # it waits for the body
            connection.sendall(b'{"credit')
            server.process.terminate()
            time.sleep(0.3)
            connection.sendall(b'":5}')
            answer = connection.recv(4096)
        assert answer.startswith(b"HTTP/1.1 200")
        assert server.process.wait(PATIENCE) == 0
    assert [card["credit"] for card in cli.json("card", "list", kelly)] == [5]


def test_a_worker_that_dies_is_replaced(cli: CommandRunner) -> None:
    with running(cli, "serve", "--port", "0", "--workers", "2") as server:
        until(lambda: len(workers_of(server.process.pid)) == 2)
        before = set(workers_of(server.process.pid))
        os.kill(min(before), signal.SIGKILL)
        until(lambda: len(set(workers_of(server.process.pid)) - before) == 1)
        until(lambda: accepts(server.url))
        assert server.stop().code == 0


def test_workers_keep_one_count(cli: CommandRunner) -> None:
    token = "m" * 16
    environ = {"GRIDGIFT_METRICS_TOKEN": token}
    with running(cli, "serve", "--port", "0", "--workers", "2", environ=environ) as server:
        until(lambda: len(workers_of(server.process.pid)) == 2)
        for _ in range(20):
            assert server.get("/readyz").status_code == 200

        def counted() -> float:
            headers = {"Authorization": f"Bearer {token}"}
            answer = httpx2.get(server.url + "/metrics", headers=headers, timeout=PATIENCE)
            return sum(map(float, re.findall(r'_count{.*route="/readyz".*} (.*)', answer.text)))

        until(lambda: counted() == 20)  # a worker tells the others a moment later
        assert server.stop().code == 0


def test_workers_are_renewed_on_hangup(cli: CommandRunner) -> None:
    with running(cli, "serve", "--port", "0") as server:
        before = workers_of(server.process.pid)
        server.process.send_signal(signal.SIGHUP)
        until(lambda: not set(workers_of(server.process.pid)) & set(before))
        assert accepts(server.url)
        assert server.stop().code == 0


def test_workers_leave_when_their_parent_was_killed(cli: CommandRunner) -> None:
    port = free_port()
    with running(cli, "serve", "--port", port) as server:
        server.process.kill()
        server.process.wait()
        until(lambda: not accepts(server.url))
    with running(cli, "serve", "--port", port) as server:
        assert server.get("/readyz").status_code == 200


def test_a_port_in_use_is_one_sentence(cli: CommandRunner) -> None:
    with running(cli, "serve", "--port", "0") as server:
        port = urlsplit(server.url).port
        cli("serve", "--port", port).refused(2, f"port {port}", "already in use", "--port")
        cli("demo", "--port", port).refused(2, "already in use")
    cli("serve", "--host", "nowhere.invalid").refused(2, "nowhere.invalid", "--host")
    cli("serve", "--port", "70000").misused("--port")
    cli("serve", "--workers", "0").misused("--workers")


@pytest.fixture
def certificate(cli: CommandRunner) -> ssl.SSLContext:
    """Make ``cert.pem`` and ``key.pem`` in the commands' folder; return what trusts them."""
    subprocess.run(
        [
            "openssl",
            "req",
            "-x509",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-keyout",
            "key.pem",
            "-out",
            "cert.pem",
            "-days",
            "2",
            "-subj",
            "/CN=localhost",
            "-addext",
            "subjectAltName=DNS:localhost,IP:127.0.0.1",
        ],
        cwd=cli.folder,
        check=True,
        capture_output=True,
    )
    return ssl.create_default_context(cafile=str(cli.folder / "cert.pem"))


def test_tls(cli: CommandRunner, certificate: ssl.SSLContext) -> None:
    files = ("--tls-certificate", "cert.pem", "--tls-key", "key.pem")
    with running(cli, "serve", "--port", "0", *files) as server:
        assert server.url.startswith("https://")
        with httpx2.Client(verify=certificate, timeout=PATIENCE) as client:
            answer = client.get(f"{server.url}/v1/store")
            assert answer.http_version == "HTTP/1.1"
            assert answer.json()["type"].startswith(server.url)
        curl = ["curl", "-sk", "--http1.1", f"{server.url}/healthz"]
        assert b"alive" in subprocess.run(curl, capture_output=True, check=True).stdout
        assert server.stop().code == 0


def test_bad_tls_files_are_one_sentence(cli: CommandRunner, certificate: ssl.SSLContext) -> None:
    def refused(certificate: str, key: str, *words: str) -> None:
        cli("serve", "--tls-certificate", certificate, "--tls-key", key).refused(2, *words)

    file_of(cli, "junk.pem", "junk")
    subprocess.run(
        ["openssl", "rsa", "-aes128", "-passout", "pass:x", "-in", "key.pem", "-out", "locked.pem"],
        cwd=cli.folder,
        check=True,
        capture_output=True,
    )
    refused("cert.pem", "missing.pem", "missing.pem can't be read")
    refused("cert.pem", "junk.pem", "not a certificate and its key")
    refused("key.pem", "cert.pem", "not a certificate and its key")
    refused("cert.pem", "locked.pem", "without a password")
    cli("serve", "--tls-key", "key.pem").refused(2, "both --tls-certificate and --tls-key")


def test_postgres_needs_a_secret(cli: CommandRunner, empty_postgres_url: str) -> None:
    cli.environ["GRIDGIFT_DATABASE_URL"] = empty_postgres_url
    assert cli("migrate").code == 0
    cli("serve", "--port", "0").refused(2, "GRIDGIFT_SECRET is not set")


def test_a_secret_that_others_can_read_is_refused(cli: CommandRunner, store: str) -> None:
    file_of(cli, "gridgift.db.secret", "s" * 40).chmod(0o644)
    cli("serve", "--port", "0").refused(2, "chmod 600 gridgift.db.secret")
    cli("key", "create", "--name", "Till", "--scope", "all").refused(2, "chmod 600")
