"""GET /ext/v1/units/{unit}: a unit, with what it has given and which object is paired.

Scope: units:read.
"""

from client import send

UNIT = "019aad3f-4444-7555-8666-777788889999"

print(send("GET", f"/ext/v1/units/{UNIT}").text)
