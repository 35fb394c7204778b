"""The store behind the objects: its units, as its people see them over the API."""

from typing import Any, Final

from gridgift.inworld import script
from gridgift.messages import say
from tests.inworld.world import Avatar, Thing, World
from tests.serving import Server

PAIRED: Final = say("paired", "en")


class Store:
    """A store of its own at a server that runs."""

    def __init__(self, server: Server) -> None:
        self.server = server.with_new_store()
        self.client = self.server.client(verify=False)  # there is no TLS

    def call(self, method: str, path: str, **options: Any) -> Any:
        """Ask the API for something, which it must do."""
        response = self.client.request(method, path, **options)
        assert response.is_success, response.text
        return response.json()

    def unit(self, kind: str, **settings: Any) -> str:
        """Make a unit and return its id."""
        body = {"kind": kind, "name": "A unit", **settings}
        return str(self.call("POST", "/ext/v1/units", json=body)["id"])

    def code(self, unit: str) -> str:
        """Make a pairing code."""
        return str(self.call("POST", f"/ext/v1/units/{unit}/actions/pair")["code"])

    def grant(self, resident: Avatar, credit: int, **terms: Any) -> Any:
        """Grant a resident a card and return it."""
        known = {"username": resident.name, "uuid": resident.key}
        self.call("POST", "/ext/v1/residents", json=known)
        path = f"/v1/customers/{resident.key}/actions/grant-gift-card"
        return self.call("POST", path, json={"credit": credit, "transfer": True, **terms})

    def cards(self, resident: Avatar) -> list[Any]:
        """List a resident's cards, oldest first."""
        found = self.call("GET", f"/v1/customers/{resident.key}/giftcards", params={"limit": 100})
        return list(found["data"])

    def credit(self, resident: Avatar) -> int:
        """Return a resident's store credit."""
        return int(self.call("GET", f"/ext/v1/customers/{resident.key}/credit")["total"])

    def claims(self, unit: str) -> list[Any]:
        """List what a unit has given."""
        path = f"/ext/v1/units/{unit}/claims"
        return list(self.call("GET", path, params={"limit": 200})["data"])

    def refunds(self, unit: str) -> list[Any]:
        """List a vendor's refunds, newest first."""
        path = f"/ext/v1/units/{unit}/refunds"
        return list(self.call("GET", path, params={"limit": 1000})["data"])

    def mark_paid(self, refund: Any) -> int:
        """Say that somebody has paid a refund; return the status of the answer."""
        path = f"/ext/v1/units/{refund['unitId']}/refunds/{refund['id']}/actions/mark-paid"
        return int(self.client.post(path).status_code)

    async def placed(
        self, world: World, owner: Avatar, name: str, kind: str, **settings: Any
    ) -> Thing:
        """Place an object with a script, and pair it as its owner does: by its menu."""
        unit = self.unit(kind, **settings)
        thing = Thing(world, owner, description=unit)
        thing.put(script(name, self.server.url))
        await world.wait(1)
        await self.pair(thing)
        return thing

    async def pair(self, thing: Thing) -> None:
        """Pair an object that is not."""
        thing.owner.touch(thing)
        await self.type_code(thing)

    async def type_code(self, thing: Thing) -> None:
        """Type a new code into the box that opens."""
        owner, world = thing.owner, thing.world
        await world.until(lambda: bool(owner.dialogs))
        before = owner.heard.count(PAIRED)
        owner.type(self.code(thing.description))
        await world.until(lambda: owner.heard.count(PAIRED) > before)
