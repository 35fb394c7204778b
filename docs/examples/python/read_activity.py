"""GET /ext/v1/reports/activity: what was granted, redeemed and spent, month by month.

Scope: reports:read.
"""

from client import send

print(send("GET", "/ext/v1/reports/activity?by=month").text)
