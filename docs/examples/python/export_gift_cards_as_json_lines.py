"""GET /ext/v1/giftcards/export.jsonl: all active cards of the store as JSON lines, one a card.

It comes piece by piece, however large it is. Scope: giftcards:read.
"""

from client import save

save("/ext/v1/giftcards/export.jsonl?active=true")
