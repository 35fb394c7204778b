#!/bin/sh
# POST /ext/v1/giftcards/{id}/actions/transfer: gives a card to another resident.
# The idempotency key makes it safe to repeat after a time-out: it is done once.
# Scope: giftcards:write.
# If it is refused, curl prints the problem ("code" is for programs, "detail" for people) and exits
# with 22.

curl --silent --show-error --fail-with-body --max-time 10 --retry 3 --retry-connrefused \
  --write-out '\n' \
  --header 'X-API-Key: allo_live_YOUR_KEY' \
  --header 'Idempotency-Key: ticket-7-transfer' \
  --header 'Content-Type: application/json' \
  --data '{"receiverIdentifier": "jo.winter", "reason": "asked by its owner"}' \
  https://gifts.example.com/ext/v1/giftcards/019aad3c-a1d2-7e3f-8c40-5d6e7f8091a2/actions/transfer
