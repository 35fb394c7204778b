"""GET /ext/v1/residents: the residents whom the store knows, one a line.

All pages of those whose usernames begin with the prefix. Scope: customers:read.
"""

import json

from client import rows

for resident in rows("/ext/v1/residents", {"prefix": "kel"}):
    print(json.dumps(resident))
