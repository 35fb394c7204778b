"""GET /ext/v1/customers: the store's customers, one a line.

All pages of those who have credit, the most first. With search in place of sort, those whose
usernames begin with it. Scope: customers:read.
"""

import json

from client import rows

for customer in rows("/ext/v1/customers", {"sort": "-credit"}):
    print(json.dumps(customer))
