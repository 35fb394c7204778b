"""An object in Second Life, as tests play it: it pairs, signs and sends as scripts do."""

import json
import uuid
from typing import Any, Final

import httpx2

from gridgift.inworld.protocol import signature
from tests.api import KELLY, OWNER, ApiFixture
from tests.http.requests import make_unit

PATH: Final = "/inworld/v1"
OBJECT: Final = "3e4f5061-7283-4a9b-8c5d-6e7f80912345"


class InWorldObject:
    """An object that is paired with a unit."""

    def __init__(self, api: ApiFixture, kind: str = "delivery", **settings: Any) -> None:
        self.api = api
        self.unit = make_unit(api, kind=kind, **settings)
        self.id = self.unit["id"]
        self.key, self.owner = OBJECT, OWNER.uuid
        self.secret = ""
        self.pair()

    def code(self) -> str:
        """Make a code, as the store does."""
        response = self.api.call("POST", f"/ext/v1/units/{self.id}/actions/pair")
        return str(response.json()["code"])

    def pair(self, code: str | None = None) -> None:
        """Pair the object and keep its secret."""
        paired = self.send_code(code or self.code())
        assert paired.status_code == 200, paired.text
        self.secret = paired.json()["secret"]

    def send_code(self, code: str, **headers: str) -> httpx2.Response:
        """Send a code."""
        body = {"code": code, "obj": self.key, "owner": self.owner}
        return self.post("pair", json.dumps(body).encode(), self.headers() | headers)

    def headers(self) -> dict[str, str]:
        """Return what every request of the object has."""
        return {
            "Content-Type": "application/json",
            "Accept": "application/json",
            "X-SecondLife-Shard": "Production",
            "X-SecondLife-Object-Key": self.key,
            "X-SecondLife-Owner-Key": self.owner,
            "X-GC-Unit": self.id,
        }

    def signed(
        self, action: str, content: bytes, nonce: str | None = None, time: int | str | None = None
    ) -> dict[str, str]:
        """Return the headers of a signed request; ``time`` is in seconds."""
        at = str(self.api.clock.now() // 1000 if time is None else time)
        nonce = nonce or str(uuid.uuid4())
        parts = (at.encode(), nonce.encode(), f"{PATH}/{action}".encode(), content)
        made = signature(self.secret, *parts).decode()
        return {"X-GC-Time": at, "X-GC-Nonce": nonce, "X-GC-Sig": made}

    def send(self, action: str, body: Any, **signing: Any) -> httpx2.Response:
        """Sign and send a request."""
        content = json.dumps(body).encode()
        return self.post(action, content, self.headers() | self.signed(action, content, **signing))

    def post(self, action: str, content: bytes, headers: dict[str, str]) -> httpx2.Response:
        """Send bytes; whatever the answer is, it is flat, small JSON."""
        path = f"{PATH}/{action}"
        response = self.api.call("POST", path, key=None, content=content, headers=headers)
        is_flat(response)
        return response

    def touched(self, resident: Any = KELLY, **more: Any) -> dict[str, Any]:
        """Return what a touch of a resident's tells."""
        seen = {"avatar": resident.uuid, "name": resident.username}
        return seen | {"group": 0, "obj": self.key, "owner": self.owner} | more

    def claim(self, resident: Any = KELLY, **signing: Any) -> httpx2.Response:
        """Send the claim of a resident."""
        return self.send("claim", self.touched(resident), **signing)


def is_flat(response: httpx2.Response) -> None:
    """Check that a script can read an answer: whatever it is, a refusal too."""
    assert response.headers["content-type"] == "application/json"
    assert len(response.content) < 1024
    body = response.json()
    assert body["code"]
    assert body["msg"]
    for value in body.values():
        assert type(value) in {str, int}, body
        assert isinstance(value, int) or not set(value) & set('[]{}"\\'), body
        assert isinstance(value, str) or abs(value) < 2**31, body


def refused(response: httpx2.Response, status: int, code: str) -> Any:
    """Check that a request was refused so."""
    assert (response.status_code, response.json()["code"]) == (status, code), response.text
    return response.json()
