"""Single grants of the same moment: granted together, each once under its idempotency key."""

from collections.abc import Callable, Sequence

from msgspec import Struct

from gridgift.domain import grants, idempotency
from gridgift.domain.failures import Failure
from gridgift.domain.grants import GrantRequest
from gridgift.domain.idempotency import Answer, Kept
from gridgift.domain.model import CardChange
from gridgift.storage.database import Tx


class Ask(Struct, frozen=True):
    """A request for one card, how it is answered, and the idempotency key, if there is one."""

    request: GrantRequest
    answer: Callable[[CardChange], Answer]
    key: str | None
    fingerprint: bytes


class Given(Struct, frozen=True):
    """What is answered to an ask; ``replayed`` if it was kept from the same request before."""

    answer: Answer
    replayed: bool = False


async def grant_all(tx: Tx, store_id: str, asks: Sequence[Ask]) -> list[Given | Failure]:
    """Grant what can be granted and answer each ask, in order; each fails for itself."""
    now = tx.now()
    keys = sorted({ask.key for ask in asks if ask.key is not None})
    kept = await idempotency.find_all(tx, store_id, keys, now)
    before = set(kept)
    firsts: dict[str, Ask] = {}
    fresh: list[Ask] = []
    for ask in asks:
        if ask.key is None:
            fresh.append(ask)
        elif ask.key not in kept and ask.key not in firsts:
            firsts[ask.key] = ask
            fresh.append(ask)
    changes = await grants.grant_each(tx, store_id, [ask.request for ask in fresh])
    done = {id(ask): change for ask, change in zip(fresh, changes, strict=True)}
    retried = [
        ask
        for ask in asks
        if ask.key in firsts
        and id(ask) not in done
        and isinstance(done[id(firsts[ask.key])], Failure)
    ]
    more = (
        await grants.grant_each(tx, store_id, [ask.request for ask in retried]) if retried else []
    )
    done |= {id(ask): change for ask, change in zip(retried, more, strict=True)}
    outcomes: list[Given | Failure] = []
    for ask in asks:
        change = done.get(id(ask))
        if change is None:
            assert ask.key is not None
            try:
                outcomes.append(Given(kept[ask.key].to(ask.fingerprint), replayed=True))
            except Failure as failure:
                outcomes.append(failure)
        elif isinstance(change, Failure):
            outcomes.append(change)
        else:
            given = Given(ask.answer(change))
            if ask.key is not None:
                kept[ask.key] = Kept(ask.fingerprint, given.answer)
            outcomes.append(given)
    new = {key: kept[key] for key in keys if key in kept and key not in before}
    if new:
        await idempotency.keep_all(tx, store_id, new, now)
    return outcomes
