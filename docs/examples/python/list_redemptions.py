"""GET /ext/v1/redemptions: what was redeemed since 2025, one a line.

All pages, the card that was changed last first. Scope: events:read.
"""

import json

from client import rows

for redemption in rows("/ext/v1/redemptions", {"from": "2025-01-01T00:00:00Z"}):
    print(json.dumps(redemption))
