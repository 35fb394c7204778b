"""What guards and handlers are given: the runner, and what the edge keeps between requests."""

import asyncio
from collections.abc import Awaitable, Callable

from msgspec import Struct, field

from gridgift.clock_watch import ClockWatch
from gridgift.credentials import Credentials, KeyUses
from gridgift.cursors import Cursors
from gridgift.domain.second_factor import AppSecrets
from gridgift.domain.webhooks import Secrets
from gridgift.http.edge.cors import Origins
from gridgift.limits import (
    BULKS,
    BULKS_OF_A_STORE,
    REPORTS,
    REPORTS_OF_A_STORE,
    Places,
    RateLimits,
)
from gridgift.logs import RequestLog
from gridgift.metrics import Metrics
from gridgift.operations import Operations
from gridgift.settings import Settings
from gridgift.waiting import Waiting


class Services(Struct, frozen=True):
    """Everything a request may need. ``clock`` gives milliseconds, ``ticks`` seconds.

    ``bulks`` has places for requests of many rows, whose parts take turns (``bulk_turn``), and
    ``reports`` for those that look at a whole store.
    ``check_ready`` raises what keeps the database from being served; ``document`` returns the
    OpenAPI document in JSON.
    """

    settings: Settings
    operations: Operations
    credentials: Credentials
    key_uses: KeyUses
    limits: RateLimits
    waiting: Waiting
    origins: Origins
    cursors: Cursors
    webhook_secrets: Secrets
    app_secrets: AppSecrets
    request_log: RequestLog
    metrics: Metrics
    clock: Callable[[], int]
    ticks: Callable[[], float]
    clock_watch: ClockWatch
    check_ready: Callable[[], Awaitable[None]]
    document: Callable[[], bytes]
    bulks: Places = field(default_factory=lambda: Places(BULKS, BULKS_OF_A_STORE))
    bulk_turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    reports: Places = field(default_factory=lambda: Places(REPORTS, REPORTS_OF_A_STORE))
