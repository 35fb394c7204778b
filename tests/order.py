"""The order in which tests start: long ones first, spread over the workers.

xdist gives each worker an equal part of the list, and moves tests from the end of one part to
workers that have nothing left to do. So short tests have to come last, and every part has to begin
with its share of the long ones.
"""

from collections.abc import Sequence
from typing import Final, Protocol, TypeVar

# Files with long tests, and about how long all of them take, in seconds.
LONG: Final = {
    "tests/live/test_schemathesis.py": 280,
    "tests/browser": 150,
    "tests/domain/test_money_machines.py": 95,
    "tests/cli/test_backup.py": 90,
    "tests/cli/test_demo_examples.py": 85,
    "tests/openapi": 65,
    "tests/test_examples.py": 65,
    "tests/live/test_same_key.py": 60,
    "tests/cli/test_complaints.py": 55,
    "tests/bench/test_seeding.py": 50,
    "tests/cli/test_grant_many.py": 50,
    "tests/inworld/test_vendor.py": 50,
    "tests/live/test_money_races.py": 50,
    "tests/storage/test_copying.py": 50,
    "tests/cli/test_card_life.py": 45,
    "tests/cli/test_copy.py": 45,
    "tests/http/test_texts.py": 45,
    "tests/storage/test_plans.py": 45,
    "tests/cli/test_simulate.py": 40,
    "tests/cli/test_texts.py": 40,
    "tests/live/test_failover.py": 35,
    "tests/http/test_routes.py": 30,
    "tests/live/test_outages.py": 30,
    "tests/live/test_upgrade.py": 30,
    "tests/http/test_same_request.py": 25,
    "tests/live/test_sockets.py": 25,
    "tests/dashboard/test_table.py": 20,
    "tests/live/test_shared_limits.py": 20,
    "tests/live/test_verify_command.py": 20,
    "tests/live/test_concurrency.py": 15,
    "tests/live/test_many.py": 15,
    "tests/live/test_starving.py": 15,
    "tests/storage/test_migrations.py": 15,
    "tests/storage/test_partitions.py": 15,
    "tests/bench/test_smoke.py": 10,
    "tests/cli/test_exit_codes.py": 10,
    "tests/cli/test_full_disk.py": 10,
    "tests/cli/test_secret.py": 10,
    "tests/cli/test_serve.py": 10,
    "tests/http/test_events.py": 10,
    "tests/live/test_crash.py": 10,
    "tests/live/test_housekeepers.py": 10,
    "tests/live/test_in_world.py": 10,
    "tests/live/test_rolling.py": 10,
    "tests/live/test_shop.py": 10,
    "tests/live/test_webhooks.py": 10,
}


class Named(Protocol):
    """A test as pytest collects it."""

    nodeid: str


Test = TypeVar("Test", bound=Named)


def arranged(tests: Sequence[Test], workers: int) -> list[Test]:
    """Return the tests in the order in which so many workers should get them."""
    long = {place: [test for test in tests if is_in(test, place)] for place in LONG}
    short = [test for test in tests if not any(is_in(test, place) for place in LONG)]
    parts: list[list[Test]] = [[] for _ in range(workers)]
    seconds = [0] * workers
    for place in sorted(LONG, key=LONG.__getitem__, reverse=True):
        least = seconds.index(min(seconds))
        parts[least] += long[place]
        seconds[least] += LONG[place]
    for number, part in enumerate(parts):
        left = len(tests) - sum(map(len, parts[:number]))
        missing = max(0, left // (workers - number) - len(part))
        part += short[:missing]
        short = short[missing:]
    return [test for part in parts for test in part] + short


def is_in(test: Named, place: str) -> bool:
    """Tell whether a test is in a file or a folder."""
    return test.nodeid.startswith((f"{place}::", f"{place}/"))
