"""GET /ext/v1/webhooks: the store's webhooks, one a line.

All pages, oldest first. Scope: webhooks:read.
"""

import json

from client import rows

for webhook in rows("/ext/v1/webhooks"):
    print(json.dumps(webhook))
