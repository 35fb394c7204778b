"""PATCH /ext/v1/units/{unit}: lets a unit give L$150, without a bound on its cards.

Scope: units:write.
"""

from client import send

UNIT = "019aad3f-4444-7555-8666-777788889999"

print(send("PATCH", f"/ext/v1/units/{UNIT}", json={"credit": 150, "maxCards": None}).text)
