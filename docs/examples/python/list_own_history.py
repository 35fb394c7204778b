"""GET /ext/v1/customer/history: what happened to the resident's cards and credit.

One moment a line, the newest first. With the resident's token in X-Customer-Token.
"""

import json

from client import BY_TOKEN, rows

for moment in rows("/ext/v1/customer/history", headers=BY_TOKEN):
    print(json.dumps(moment))
