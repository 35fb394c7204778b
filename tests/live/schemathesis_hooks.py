"""What JSON Schema cannot say of our requests; schemathesis loads this file by its name."""

import gc
import os
import time
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import requests
import schemathesis
from requests.auth import AuthBase
from schemathesis.core.failures import AcceptedNegativeData
from schemathesis.openapi.checks import RejectedPositiveData

from gridgift.domain.webhooks import DISCORD
from gridgift.http.api.bulk import CSV_EXAMPLE, LINES_EXAMPLE
from gridgift.http.api.credit import CREDIT_CHANGE_EXAMPLE, CREDIT_EXAMPLE
from gridgift.http.edge.in_world import IN_WORLD
from gridgift.http.edge.unit import Unit
from gridgift.http.table import ROUTES
from gridgift.inworld.protocol import signature
from gridgift.unit_views import REFUND_EXAMPLE, UNIT_EXAMPLE
from gridgift.views import CARD_EXAMPLE, HOLD_EXAMPLE
from gridgift.webhook_views import WEBHOOK_EXAMPLE

OBJECT = {"obj": UNIT_EXAMPLE["objectUuid"], "owner": UNIT_EXAMPLE["objectOwnerUuid"]}
KINDS = {route.path: route.guard.kind for route in ROUTES if isinstance(route.guard, Unit)}
BEHIND, AHEAD = "2000-01-01T00:00:00Z", "2999-12-31T23:59:59Z"
NOW = datetime.now(UTC)
SOON = (NOW + timedelta(days=2)).isoformat()  # is ahead in every time zone
RECENTLY = (NOW - timedelta(days=32)).date().isoformat()
YESTERDAY = (NOW - timedelta(days=2)).date().isoformat()  # anywhere
OWNER, RECEIVER = CARD_EXAMPLE["ownerUsername"], "jo.winter"
CREDIT = f"/ext/v1/customers/{OWNER}/credit/actions"
BULK = "/ext/v1/giftcards/bulk"
WEBHOOKS = "/ext/v1/webhooks"
WEBHOOK = f"{WEBHOOKS}/{{webhook}}"
OTHER_THAN_TEXT = (int, float, list, dict, type(None))
NO_BODY = (None, [], {})  # clients write these where a body may be left out
LOT = CREDIT_EXAMPLE["lots"][0]["id"]
MUCH = 1_000_000  # L$: deposits of more would soon fill the account

# What is loaded stays, and a run's data is worth little search: it took a tenth of all its time.
gc.freeze()
gc.set_threshold(50_000, 20, 50)

client = httpx2.Client(
    base_url=os.environ["EXAMPLE_URL"],
    headers={
        "X-API-Key": os.environ["EXAMPLE_KEY"],
        "X-Customer-Token": os.environ["EXAMPLE_TOKEN"],
    },
    timeout=60,
)


@schemathesis.serializer("application/jsonl", "application/x-ndjson")
def serialize_lines(context: Any, value: Any) -> bytes:
    """Send a text as it is."""
    return str(value).encode("utf-8", "replace")


@schemathesis.hook
def before_call(context: Any, case: Any, kwargs: dict[str, Any]) -> None:
    """Make a request that is right by the schema right by the contract too.

    A write gets a card, hold, lot or spend of its own instead of the example's, which an earlier
    write may have used up; under /v1, where a conflict is a 400, instead of any. Wrong requests
    stay as they are.
    """
    if case.meta is None or not case.meta.generation.mode.is_positive:
        return
    if case.query and "wait" in case.query:
        case.query["wait"] = min(int(case.query["wait"]), 1)  # a late answer counts as a failure
    if case.path.startswith("/ext/v1/reports/"):
        _correct_dates(case)
    if case.query and "cursor" in case.query:
        _correct_cursor(case)
    if case.method != "GET" and "id" in case.path_parameters:
        _refresh_card(case)
    if case.path_parameters.get("lot") == LOT:
        _refresh_lot(case)
    if case.path_parameters.get("refund") == REFUND_EXAMPLE["id"]:
        vendor = _pair("vendor")  # another request may end those that there are
        case.path_parameters |= {"unit": vendor[0], "refund": _owe(vendor)}
    if case.path == BULK:  # no schema is of the rows in a text
        rows = CSV_EXAMPLE if case.media_type == "text/csv" else LINES_EXAMPLE
        case.body = rows.replace("nobody.known", OWNER)  # with atomic=true one bad row is a 400
    if case.method == "DELETE" and case.path == WEBHOOK:
        _refresh_webhook(case)
    if isinstance(case.body, dict):
        _correct_body(case.body)
        if case.path.startswith(WEBHOOKS):
            _correct_webhook(case.body)
        _refresh_spend(case)
        if case.path.startswith(IN_WORLD):
            _correct_touch(case)
            kwargs["auth"] = Signed(case.path)
        if case.path == "/v1/customer/giftcards/{id}/transfer":
            case.body["receiverIdentifier"] = RECEIVER  # anyone else is a 400: a conflict


@schemathesis.hook
def filter_failure(context: Any, failure: Any, case: Any, response: Any) -> bool:
    """Tell a failure from none: what is sent for no body, a bulk body that is no text, a conflict.

    The second is sent as a text: ``276`` is then a row that is refused, in an answer of 200. A
    conflict is a 400 under ``/v1``: no schema knows which references cards have, or whose
    usernames are.
    """
    if isinstance(failure, RejectedPositiveData):
        return response.json()["code"] not in {"reference_taken", "username_taken"}
    described = case.operation.definition.raw.get("requestBody", {})
    none_sent = case.body in NO_BODY and not described.get("required", False)
    no_text = case.path == BULK and isinstance(case.body, OTHER_THAN_TEXT)
    return not ((none_sent or no_text) and isinstance(failure, AcceptedNegativeData))


@schemathesis.check
def refusal_code_conformance(context: Any, response: Any, case: Any) -> None:
    """Every code that a refusal has is among the document's examples for its status."""
    described = case.operation.definition.raw["responses"].get(str(response.status_code))
    if described is None:
        return  # status_code_conformance tells whether that is right
    shown = described.get("content", {}).get("application/problem+json")
    if shown is not None:
        code = response.json()["code"]
        assert code in shown["examples"], f"{code} is not documented here"


class Signed(AuthBase):
    """Signs a request as the object of a unit of the right kind, or of ``unit``, does."""

    def __init__(self, path: str, unit: tuple[str, str] | None = None) -> None:
        self._path = path
        self._unit = unit

    def __call__(self, request: Any) -> Any:
        """Sign what is about to be sent; what pairs an object has only to name its unit."""
        request.headers.update({"X-GC-Unit": SPARE, "X-SecondLife-Shard": "Production"})
        if self._path not in KINDS:
            return request
        unit_id, secret = self._unit or UNITS[KINDS[self._path]]
        body = request.body if isinstance(request.body, bytes) else request.body.encode()
        now, nonce = str(int(time.time())), str(uuid.uuid4())
        parts = (now.encode(), nonce.encode(), self._path.encode(), body)
        request.headers.update(
            {
                "X-GC-Unit": unit_id,
                "X-GC-Time": now,
                "X-GC-Nonce": nonce,
                "X-GC-Sig": signature(secret, *parts).decode(),
                "X-SecondLife-Object-Key": OBJECT["obj"],
                "X-SecondLife-Owner-Key": OBJECT["owner"],
            }
        )
        return request


def _pair(kind: str) -> tuple[str, str]:
    """Make a unit and pair its object; return its id and its secret."""
    unit = _post("/ext/v1/units", kind=kind, name="schemathesis")["id"]
    code = _post(f"/ext/v1/units/{unit}/actions/pair")["code"]
    headers = {"X-GC-Unit": unit, "X-SecondLife-Shard": "Production"}
    paired = client.post(f"{IN_WORLD}pair", json={"code": code, **OBJECT}, headers=headers)
    return unit, paired.raise_for_status().json()["secret"]


def _correct_touch(case: Any) -> None:
    """Let the right object be touched, by somebody who has a card, or pair one by a new code."""
    body = case.body
    if case.path == f"{IN_WORLD}pair":
        body["code"] = _post(f"/ext/v1/units/{SPARE}/actions/pair")["code"]
    if case.path == f"{IN_WORLD}claim":
        body |= {"avatar": str(uuid.uuid4()), "name": "", **OBJECT}
    if "card" in body:
        grant = f"/v1/customers/{OWNER}/actions/grant-gift-card"
        card = _post(grant, credit=5, transfer=True)
        body |= {"avatar": card["ownerUuid"], "card": card["id"]}
    if "friend" in body:
        body["friend"] = RECEIVER
    if body.get("payment") == REFUND_EXAMPLE["id"]:
        body["payment"] = _owe(UNITS["vendor"])


def _owe(vendor: tuple[str, str]) -> str:
    """Pay a vendor for a friend whom nobody knows; return the id of the refund."""
    path = f"{IN_WORLD}purchase"
    paid = {
        "avatar": CARD_EXAMPLE["ownerUuid"], "name": OWNER, "amount": 250,
        "paid_at": int(time.time()), "friend": "nobody.known",
    }  # fmt: skip
    url = f"{os.environ['EXAMPLE_URL']}{path}"
    answer = requests.post(url, json=paid, auth=Signed(path, vendor), timeout=60)
    assert answer.json()["code"] == "refund", answer.text
    return str(answer.request.headers["X-GC-Nonce"])


def _correct_cursor(case: Any) -> None:
    """Send a cursor from the list's own answer, or none if there is none."""
    query = {name: value for name, value in case.query.items() if name != "cursor"}
    answer = client.get(case.formatted_path, params=query | {"limit": 1})
    cursor = answer.json()["pagination"]["nextCursor"] if answer.is_success else None
    case.query = query if cursor is None else query | {"cursor": cursor}


def _correct_dates(case: Any) -> None:
    """Ask for days that are over, in order and not too far apart."""
    was = {"at": YESTERDAY, "from": RECENTLY, "to": YESTERDAY}
    case.query = {name: was.get(name, value) for name, value in (case.query or {}).items()}


def _refresh_card(case: Any) -> None:
    parts = case.path_parameters
    if parts["id"] != CARD_EXAMPLE["id"] and not _is_known_v1(case):
        return
    grant = f"/v1/customers/{OWNER}/actions/grant-gift-card"
    parts["id"] = _post(grant, credit=500, transfer=True)["id"]
    if parts.get("hold") == HOLD_EXAMPLE["id"]:
        place = f"/ext/v1/giftcards/{parts['id']}/holds"
        lasts = 1 if case.path.endswith("/extend") else 900  # seconds; any end is later than 1
        parts["hold"] = _post(place, amount=100, expiresIn=lasts)["id"]


def _is_known_v1(case: Any) -> bool:
    card = f"/v1/giftcards/{case.path_parameters['id']}"
    return case.path.startswith("/v1/") and client.get(card).is_success


def _refresh_lot(case: Any) -> None:
    """Name a lot that ends soon: any end is later."""
    ends = (datetime.now(UTC) + timedelta(seconds=10)).isoformat()
    lot = {"amount": 5, "reason": "test", "reference": "test", "expiresAt": ends}
    case.path_parameters["lot"] = _post(f"{CREDIT}/deposit", **lot)["id"]


def _refresh_spend(case: Any) -> None:
    if case.body.get("spend") == CREDIT_CHANGE_EXAMPLE["id"]:
        change = {"amount": 500, "reason": "test", "reference": "test"}
        _post(f"{CREDIT}/deposit", **change)
        case.body["spend"] = _post(f"{CREDIT}/spend", **change)["id"]


def _refresh_webhook(case: Any) -> None:
    """Delete one that nobody else needs: a new one or, if there are too many, the last one."""
    if case.path_parameters["webhook"] != WEBHOOK_EXAMPLE["id"]:
        return
    made = client.post(WEBHOOKS, json={"url": WEBHOOK_EXAMPLE["url"]})
    listed = client.get(WEBHOOKS).json()["data"]
    case.path_parameters["webhook"] = made.json()["id"] if made.is_success else listed[-1]["id"]


def _correct_webhook(body: dict[str, Any]) -> None:
    """Keep webhooks active, at an address that is nobody's; a patch may leave another format."""
    if "url" in body or "format" in body:
        discord = body.get("format") == "discord"
        body["url"] = f"{DISCORD[0]}1/x" if discord else WEBHOOK_EXAMPLE["url"]
        body["format"] = "discord" if discord else "standard"
    if "active" in body:
        body["active"] = True
    if "from" in body:
        body |= {"from": "2026-11-22T08:00:00Z", "to": AHEAD}
    body.pop("cursor", None)  # only an answer about more than a thousand deliveries has one


def _post(path: str, **body: Any) -> Any:
    return client.post(path, json=body).raise_for_status().json()


def _correct_body(body: dict[str, Any]) -> None:
    """Mend what no schema says: the clock, what is stored, and how two values relate."""
    if {"amount", "reference"} <= body.keys():
        body["amount"] = min(body["amount"], MUCH)
    if {"add", "remove"} <= body.keys():
        body["remove"] = [tag for tag in body["remove"] if tag not in body["add"]]
    for name, instant in (("startsAt", BEHIND), ("endsAt", AHEAD)):
        if isinstance(body.get(name), str):
            body[name] = instant  # one before the other
    if isinstance(body.get("expiresAt"), str) and body["expiresAt"] < SOON:
        body["expiresAt"] = AHEAD


UNITS = {kind: _pair(kind) for kind in set(KINDS.values())}
SPARE = _post("/ext/v1/units", kind="delivery", name="to be paired")["id"]
