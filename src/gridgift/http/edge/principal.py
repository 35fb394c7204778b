"""Principals: who a request comes from, once a guard has admitted it."""

from collections.abc import Mapping
from typing import Final

from msgspec import Struct

from gridgift.domain.model import ActorKind
from gridgift.limits import Bucket


class Principal(Struct, frozen=True):
    """Whom a request acts for: at which store, as which actor of the ledger.

    ``bucket`` is where its requests are counted (None: nowhere); ``log_fields`` are what the log
    tells of it; ``expires_at`` is when what it was admitted by ends, in milliseconds (None: never).
    """

    store_id: str = ""
    actor_kind: ActorKind = "system"
    actor_id: str = ""
    bucket: Bucket | None = None
    log_fields: Mapping[str, str] = {}
    expires_at: int | None = None

    def own_key(self, key: str) -> str:
        """Return an idempotency key of its request as it is stored: no one else's is the same.

        All programs of a store share the store's keys, which are stored as they come; before
        another caller's stands who that is, and a line feed, which no key can have.
        """
        if self.actor_kind == "key":
            return key
        return f"{self.actor_kind} {self.actor_id}\n{key}"


NOBODY: Final = Principal()
