#!/bin/sh
# POST /ext/v1/giftcards/{id}/notes: writes a note on a card, for good.
# The idempotency key makes it safe to repeat after a time-out: it is done once.
# Scope: giftcards:write.
# If it is refused, curl prints the problem ("code" is for programs, "detail" for people) and exits
# with 22.

curl --silent --show-error --fail-with-body --max-time 10 --retry 3 --retry-connrefused \
  --write-out '\n' \
  --header 'X-API-Key: allo_live_YOUR_KEY' \
  --header 'Idempotency-Key: order-1042-note' \
  --header 'Content-Type: application/json' \
  --data '{"text": "Asked to have it sent to her alt."}' \
  https://gifts.example.com/ext/v1/giftcards/019aad3c-9d4b-7c1e-8f3a-2b1c0d9e8f7a/notes
