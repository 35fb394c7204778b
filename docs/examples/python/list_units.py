"""GET /ext/v1/units: the store's units, one a line.

All pages, oldest first. Scope: units:read.
"""

import json

from client import rows

for unit in rows("/ext/v1/units"):
    print(json.dumps(unit))
