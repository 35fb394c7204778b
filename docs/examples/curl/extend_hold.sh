#!/bin/sh
# POST /ext/v1/giftcards/{id}/holds/{hold}/actions/extend: lets a hold end in a week.
# The idempotency key makes it safe to repeat after a time-out: it is done once.
# Scope: giftcards:write.
# If it is refused, curl prints the problem ("code" is for programs, "detail" for people) and exits
# with 22.

curl --silent --show-error --fail-with-body --max-time 10 --retry 3 --retry-connrefused \
  --write-out '\n' \
  --header 'X-API-Key: allo_live_YOUR_KEY' \
  --header 'Idempotency-Key: order-1042-extend' \
  --header 'Content-Type: application/json' \
  --data '{"expiresIn": 604800}' \
  https://gifts.example.com/ext/v1/giftcards/019aad3c-a516-7273-8084-91a2b3c4d5e6/holds/019aad3c-b12e-7b30-8d5f-6e7a8b9c0d1e/actions/extend
