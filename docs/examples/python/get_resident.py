"""GET /ext/v1/residents/{identifier}: who is behind a username, or a UUID.

Scope: customers:read.
"""

from urllib.parse import quote

from client import send

RESIDENT = "kelly.moonwall"  # a username or an avatar UUID

print(send("GET", f"/ext/v1/residents/{quote(RESIDENT, safe='')}").text)
