"""Load by wrk: scripts in Lua that ask for random cards, and the figures that wrk gives."""

import re
import secrets
import shutil
import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from bench import dataset
from bench.servers import HELLO, Serving

CONNECTIONS: Final = 32
PAGE: Final = 50  # cards
LONE: Final = 5  # in a block, the first card whose owner has no other one among every STEP-th
LONES: Final = dataset.BLOCK // dataset.STEP  # such cards in a block
WARM_UP: Final = 1  # second
MARK: Final = "GRIDGIFT "

# wrk writes no machine-readable figures by itself; percentiles are in microseconds
_DONE: Final = f"""
function done(summary, latency, requests)
  local failed = summary.errors
  io.write(format('{MARK}{{"requests":%d,"microseconds":%d,"p99":%d,"failed":%d}}\\n',
    summary.requests, summary.duration, latency:percentile(99),
    failed.connect + failed.read + failed.write + failed.status + failed.timeout))
end
"""
_READ: Final = """
function request()
  local n = random(0, CARDS - 1)
  return get("/v1/giftcards/" .. card_id(n), keys[store_of(n) + 1])
end
"""
_PAGE: Final = f"""
function request()
  local block = random(0, CARDS / {dataset.BLOCK} - 1)
  local owner = resident_uuid(block * {dataset.BLOCK})
  local key = keys[block % {dataset.STORES} + 1]
  return get("/v1/customers/" .. owner .. "/giftcards?limit={PAGE}", key)
end
"""
_GRANT: Final = """
local sent = 0
local function grant()
  local n = random(0, CARDS - 1)
  sent = sent + 1
  local body = '{"credit":' .. 100 + sent % 900 .. '}'
  local path = "/v1/customers/" .. resident_uuid(owner_of(n)) .. "/actions/grant-gift-card"
  local key = keys[store_of(n) + 1]
  return "POST " .. path .. " HTTP/1.1\\r\\nHost: 127.0.0.1\\r\\nX-API-Key: " .. key
    .. "\\r\\nIdempotency-Key: RUN-" .. format("%08x", sent)
    .. "\\r\\nContent-Type: application/json\\r\\nContent-Length: " .. #body
    .. "\\r\\n\\r\\n" .. body
end
"""
# what a store's key asks about a random card whose owner has no other, or about that owner
_WRITE: Final = f"""
local sent = 0
function request()
  local n = random(0, CARDS / {dataset.BLOCK} - 1) * {dataset.BLOCK}
    + {LONE} + {dataset.STEP} * random(0, {LONES - 1})
  sent = sent + 1
  local body = 'BODY'
  local key = keys[store_of(n) + 1]
  return "POST " .. PATH .. " HTTP/1.1\\r\\nHost: 127.0.0.1\\r\\nX-API-Key: " .. key
    .. "\\r\\nIdempotency-Key: RUN-" .. format("%08x", sent)
    .. "\\r\\nContent-Type: application/json\\r\\nContent-Length: " .. #body
    .. "\\r\\n\\r\\n" .. body
end
"""
_REDEEM: Final = """
local sent = 0
function request()
  local owner, number = sent % #tokens, first + floor(sent / #tokens)
  sent = sent + 1
  local id = format("%08x-0000-7000-8000-%012x", owner, number)
  return "POST /v1/customer/giftcards/" .. id .. "/redeem HTTP/1.1\\r\\nHost: 127.0.0.1"
    .. "\\r\\nX-Customer-Token: " .. tokens[owner + 1]
    .. "\\r\\nIdempotency-Key: RUN-" .. format("%08x", sent) .. "\\r\\nContent-Length: 0"
    .. "\\r\\n\\r\\n"
end
"""
_MIXED: Final = """
local asked = 0
function request()
  asked = asked + 1
  if asked == LIMIT then io.write("ENOUGH\\n"); io.flush(); wrk.thread:stop() end
  if asked % 10 == 0 then return grant() end
  local n = random(0, CARDS - 1)
  return get("/v1/giftcards/" .. card_id(n), keys[store_of(n) + 1])
end
"""


class Tool(Exception):
    """A program that is needed is not there; the message says how to get it."""


class Load(Struct, frozen=True):
    """What a run of wrk gave; ``failed`` counts answers from 400 on and broken connections."""

    requests: int
    microseconds: int
    p99: int
    failed: int

    @property
    def per_second(self) -> float:
        """Answers a second."""
        return self.requests / (self.microseconds / 1_000_000)

    @property
    def p99_ms(self) -> float:
        """What 99 of 100 answers did not exceed, in milliseconds."""
        return self.p99 / 1_000


class Script(Struct, frozen=True):
    """What to ask for: Lua that defines ``request``, for a database of so many cards."""

    lua: str
    cards: int = 1

    def write(self, path: Path, limit: int = 0) -> None:
        """Write the whole program; the random numbers and idempotency keys are this run's own."""
        keys = ", ".join(f'"{dataset.key(store)}"' for store in range(dataset.STORES))
        values = {"CARDS": str(self.cards), "LIMIT": str(limit), "RUN": secrets.token_hex(12)}
        words = rf"\b(?:{'|'.join(values)})\b"  # a token may have one of these in it
        text = re.sub(words, lambda word: values[word[0]], self.lua)
        path.write_text(
            f"{dataset.LUA}\nlocal keys = {{{keys}}}\n"
            f"math.randomseed({secrets.randbits(31)})\n{_GET}{text}{_DONE}"
        )


_GET: Final = """
local function get(path, key)
  return "GET " .. path .. " HTTP/1.1\\r\\nHost: 127.0.0.1\\r\\nX-API-Key: " .. key
    .. "\\r\\n\\r\\n"
end
"""


def reads(cards: int) -> Script:
    """Ask for a random card of all."""
    return Script(_READ, cards)


def pages(cards: int) -> Script:
    """Ask for the first page of a random customer who has more than one page."""
    return Script(_PAGE, cards)


def grants(cards: int) -> Script:
    """Give a card to the owner of a random card, each with an idempotency key of its own."""
    return Script(f"{_GRANT}function request() return grant() end", cards)


def mixed(cards: int) -> Script:
    """Nine reads and a grant, over and over."""
    return Script(_GRANT + _MIXED, cards)


def writes(cards: int, path: str, body: str) -> Script:
    """Send the first store's keys' write of a random card: ``path`` is Lua, ``body`` JSON."""
    return Script(_WRITE.replace("PATH", path).replace("BODY", body), cards)


def redemptions(tokens: Sequence[str], first: int) -> Script:
    """Redeem card after card, each owner's number ``first``, then each one's next."""
    listed = ", ".join(f'"{token}"' for token in tokens)
    return Script(f"local tokens, first = {{{listed}}}, {first}\n{_REDEEM}")


def same(path: str) -> Script:
    """Ask the first store for one and the same path."""
    return Script(f'function request() return get("{path}", keys[1]) end')


def signed_in(path: str, cookie: str) -> Script:
    """Open one and the same page of the dashboard, as the operator with a cookie."""
    head = f"GET {path} HTTP/1.1\\r\\nHost: 127.0.0.1\\r\\nCookie: {cookie}\\r\\n\\r\\n"
    return Script(f'function request() return "{head}" end')


def constant(cards: int) -> Script:
    """Ask the constant, with as much work for wrk and as long a request as a read."""
    return Script(_READ.replace("/v1/giftcards/", f"{HELLO}?id="), cards)


def run(
    script: Script,
    server: Serving,
    folder: Path,
    seconds: float,
    connections: int = CONNECTIONS,
) -> Load:
    """Put load on a server and return what came of it."""
    return finish(start(script, server, folder, seconds, connections), seconds)


def run_until(limit: int, script: Script, server: Serving, folder: Path, longest: float) -> Load:
    """Put load on a server until so many requests were sent, or ``longest`` seconds are over."""
    wrk = start(script, server, folder, longest, limit=limit)
    assert wrk.stdout is not None
    try:
        for line in wrk.stdout:  # up to the script's word, or the end
            if line.startswith("ENOUGH"):
                wrk.send_signal(signal.SIGINT)  # wrk itself would sit out its time
                break
    except BaseException:
        wrk.kill()
        raise
    return finish(wrk, 0)


def start(
    script: Script,
    server: Serving,
    folder: Path,
    seconds: float,
    connections: int = CONNECTIONS,
    limit: int = 0,
) -> "subprocess.Popen[str]":
    """Start wrk and return at once."""
    path = folder / f"{secrets.token_hex(4)}.lua"
    script.write(path, limit)
    command = [
        find("wrk"), "-t1", f"-c{connections}", f"-d{max(1, round(seconds))}s", "--timeout", "10s",
        "-s", str(path), f"http://127.0.0.1:{server.port}",
    ]  # fmt: skip
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def finish(wrk: "subprocess.Popen[str]", seconds: float) -> Load:
    """Wait for wrk, which is ended if it outlives its time."""
    try:
        output, _ = wrk.communicate(timeout=seconds + 60)
    finally:
        if wrk.poll() is None:
            wrk.kill()
            wrk.wait()
    return parse(output)


def parse(output: str) -> Load:
    """Find the figures in what wrk wrote. Raises ``ValueError`` if it measured nothing."""
    for line in output.splitlines():
        if line.startswith(MARK):
            load = msgspec.json.decode(line.removeprefix(MARK), type=Load)
            if load.requests and load.microseconds:
                return load
    raise ValueError(f"wrk measured nothing:\n{output}")


def find(program: str) -> str:
    """Find a program. Raises ``Tool``."""
    path = shutil.which(program)
    if path is None:
        raise Tool(f"{program} is not installed: on Debian, apt-get install {program}.")
    return path
