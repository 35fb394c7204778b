"""GET /ext/v1/reports/liability: what the store owes now.

Scope: reports:read.
"""

from client import send

print(send("GET", "/ext/v1/reports/liability").text)
