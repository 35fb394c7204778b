"""What the other examples share: where the server is, who asks, and how a request is sent."""

import sys
from collections.abc import Iterator
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

HOST = "https://gifts.example.com"
KEY = "allo_live_YOUR_KEY"
TOKEN = "gct_YOUR_TOKEN"  # what follows "#ct=" in a resident's link

BY_KEY = {"X-API-Key": KEY}  # the store asks
BY_TOKEN = {"X-Customer-Token": TOKEN}  # a resident asks

# A server that is busy (429, 503) has done nothing: it is asked again, as many seconds later as its
# Retry-After says.
again = Retry(
    4, connect=0, read=0, backoff_factor=0.5, status_forcelist={429, 503}, allowed_methods=None,
    raise_on_status=False,
)  # fmt: skip
session = requests.Session()
session.mount(HOST, HTTPAdapter(max_retries=again))


def send(
    method: str, path: str, headers: dict[str, str] = BY_KEY, **request: Any
) -> requests.Response:
    """Send a request and return the answer; a refusal ends the program."""
    try:
        response = session.request(method, HOST + path, headers=headers, timeout=60, **request)
    except requests.RequestException as error:
        sys.exit(f"No answer ({error}). With the same idempotency key this can be run again.")
    if not response.ok:
        problem = response.json()  # "code" is for programs, "detail" for people
        sys.exit(f"{problem['code']}: {problem['detail']}")
    return response


def rows(
    path: str, query: dict[str, Any] | None = None, headers: dict[str, str] = BY_KEY
) -> Iterator[dict[str, Any]]:
    """Yield the rows of a list, asking for the next page when one is used up."""
    query = {"limit": 100} | (query or {})
    while True:
        page = send("GET", path, headers, params=query).json()
        yield from page["data"]
        query["cursor"] = page["pagination"]["nextCursor"]
        if query["cursor"] is None:
            return


def save(path: str) -> None:
    """Write a file to standard output, piece by piece."""
    with send("GET", path, stream=True) as response:
        for piece in response.iter_content(65536):  # raises if it breaks off before its end
            sys.stdout.buffer.write(piece)
