"""GET /ext/v1/entries/export.csv: the ledger's entries since 2025 as CSV, for a spreadsheet.

It comes piece by piece, however large it is. Scope: events:read.
"""

import sys

import requests

HOST = "https://gifts.example.com"
KEY = "allo_live_YOUR_KEY"

with requests.get(
    f"{HOST}/ext/v1/entries/export.csv",
    {"from": "2025-01-01T00:00:00Z"},
    headers={"X-API-Key": KEY},
    stream=True,
    timeout=60,
) as response:
    if not response.ok:
        problem = response.json()  # "code" is for programs, "detail" for people
        sys.exit(f"{problem['code']}: {problem['detail']}")
    for piece in response.iter_content(65536):  # raises if the file breaks off before its end
        sys.stdout.buffer.write(piece)
