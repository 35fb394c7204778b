#!/bin/sh
# POST /v1/customers/{identifier}/actions/grant-gift-card: gives a resident a card of L$500.
# Scope: giftcards:write.
#
# The idempotency key names what you do, here an order of yours. Sent again with the same key, the
# request answers as before and grants nothing more, so it is safe to repeat after a time-out.
# If it is refused, curl prints the problem ("code" is for programs, "detail" for people) and
# exits with 22.

curl --silent --show-error --fail-with-body --max-time 10 --retry 3 --retry-connrefused \
  --write-out '\n' \
  --header 'X-API-Key: allo_live_YOUR_KEY' \
  --header 'Idempotency-Key: order-1042' \
  --header 'Content-Type: application/json' \
  --data '{"credit": 500, "transfer": true}' \
  https://gifts.example.com/v1/customers/kelly.moonwall/actions/grant-gift-card
