"""Principals: who a request comes from, once a guard has admitted it."""

from collections.abc import Mapping
from typing import Final

from msgspec import Struct

from gridgift.domain.model import ActorKind
from gridgift.limits import Bucket


class Principal(Struct, frozen=True):
    """Whom a request acts for: at which store, as which actor of the ledger.

    ``bucket`` is where its requests are counted (None: nowhere); ``key_namespace`` goes before its
    idempotency keys, so that they are its own; ``log_fields`` are what the log tells of it.
    """

    store_id: str = ""
    actor_kind: ActorKind = "system"
    actor_id: str = ""
    bucket: Bucket | None = None
    key_namespace: str = ""
    log_fields: Mapping[str, str] = {}


NOBODY: Final = Principal()
