"""Single grants beside bulks without end, against single grants alone."""

import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Final

import httpx2

from bench import dataset, load
from bench.figures import Aim, Figure, Result
from bench.reading import QUIET
from bench.runs import SPOKEN, Bench, failed
from bench.servers import Serving

CLIENTS: Final = 4
ROWS: Final = 10_000  # of each bulk
BULK: Final = "/ext/v1/giftcards/bulk"


def beside(bench: Bench) -> Iterator[Result]:
    """The slowest of a hundred grants while four clients send bulks without end."""
    cards = bench.sizes.usual
    for engine in bench.engines:
        figure = Figure(
            "beside", engine,
            f"p99 of a grant ({QUIET} connections) beside {CLIENTS} endless bulks of {ROWS:,} rows",
            "beside bulks", "alone", "ms", Aim(5, at_least=False),
        )  # fmt: skip
        script, rates = load.grants(cards), list[float]()
        with ExitStack() as stack:
            server = bench.serve(stack, bench.copy(stack, engine, cards))

            def alone(server: Serving = server, script: load.Script = script) -> load.Load:
                return bench.load(script, server, connections=QUIET)

            def crowded(server: Serving = server, rates: list[float] = rates) -> load.Load:
                began = time.perf_counter()
                with endless(server, cards) as bulks:
                    found = alone()
                rates.append(bulks.rows / (time.perf_counter() - began))
                return found

            bench.warm_up(script, server)
            busy, quiet = bench.in_turn(crowded, alone, what=f"beside, {SPOKEN[engine]}")
        slowest = [[run.p99_ms for run in runs] for runs in (busy, quiet)]
        note = f"beside {min(rates):,.0f} rows/s or more"
        yield figure.result(*slowest, errors=failed(busy, quiet), note=note)


class Bulks:
    """Clients that send one bulk after the other; each keeps to ``Retry-After``."""

    def __init__(self, server: Serving, cards: int) -> None:
        self.rows = 0  # that were granted
        self.over = threading.Event()
        self._url = f"http://127.0.0.1:{server.port}{BULK}"
        self._cards = cards

    def send(self, store: int) -> None:
        """Send bulks of a store until it is over."""
        headers = {"X-API-Key": dataset.key(store), "Content-Type": "text/csv"}
        owners = (dataset.resident_uuid(dataset.owner_of(n % self._cards)) for n in range(ROWS))
        body = "identifier,credit\n" + "".join(f"{owner},5\n" for owner in owners)
        with httpx2.Client(headers=headers, timeout=120) as client:
            while not self.over.is_set():
                answer = client.post(self._url, content=body)
                if answer.status_code == httpx2.codes.TOO_MANY_REQUESTS:
                    self.over.wait(int(answer.headers["retry-after"]))
                    continue
                self.rows += len(answer.raise_for_status().json()["results"])


@contextmanager
def endless(server: Serving, cards: int) -> Iterator[Bulks]:
    """Let four clients send bulks, each of a store of its own, until the block ends."""
    bulks = Bulks(server, cards)
    clients = [
        threading.Thread(target=bulks.send, args=(number % dataset.STORES,))
        for number in range(CLIENTS)
    ]
    for client in clients:
        client.start()
    try:
        time.sleep(1)  # all of them are at work before the first grant
        yield bulks
    finally:
        bulks.over.set()
        for client in clients:
            client.join()
