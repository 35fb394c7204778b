"""PATCH /ext/v1/store: says where the store is on the map, and whom residents ask.

What is omitted is left. Scope: store:write.
"""

from client import send

CHANGE = {"locationSlUrl": "secondlife://Moonwall/128/128/23", "contact": "Aria Moonwall"}

print(send("PATCH", "/ext/v1/store", json=CHANGE).text)
