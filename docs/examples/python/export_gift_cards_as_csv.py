"""GET /ext/v1/giftcards/export.csv: all active cards of the store as CSV, for a spreadsheet.

It comes piece by piece, however large it is. Scope: giftcards:read.
"""

from client import save

save("/ext/v1/giftcards/export.csv?active=true")
