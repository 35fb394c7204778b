"""GET /v1/customers: the store's customers, one a line.

All pages. With spentMoreThan in the query, only those who spent more L$. Scope: customers:read.
"""

import json

from client import rows

for customer in rows("/v1/customers"):
    print(json.dumps(customer))
