"""GET /ext/v1/webhooks/{webhook}/deliveries: what could not be posted to a webhook, one a line.

All pages, newest first. Scope: webhooks:read.
"""

import json

from client import rows

WEBHOOK = "019aad3c-c23f-7c41-9e60-7f8091a2b3c4"

for delivery in rows(f"/ext/v1/webhooks/{WEBHOOK}/deliveries", {"state": "failed"}):
    print(json.dumps(delivery))
