#!/bin/sh
# POST /ext/v1/webhooks: has what happens from now on posted to an address.
# The answer's secret is shown this once: it checks what is posted.
# Scope: webhooks:write.
# If it is refused, curl prints the problem ("code" is for programs, "detail" for people) and exits
# with 22.

curl --silent --show-error --fail-with-body --max-time 10 --retry 3 --retry-connrefused \
  --write-out '\n' \
  --header 'X-API-Key: allo_live_YOUR_KEY' \
  --header 'Content-Type: application/json' \
  --header 'Idempotency-Key: shop-hook' \
  --data '{"url": "https://shop.example.com/hooks/gridgift", "types": ["gift_card.redeemed", "gift_card.expired"]}' \
  https://gifts.example.com/ext/v1/webhooks
