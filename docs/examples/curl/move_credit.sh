#!/bin/sh
# POST /ext/v1/customers/{identifier}/credit/actions/move: all store credit to a new avatar.
# The idempotency key makes it safe to repeat after a time-out: it is done once.
# Scope: credits:write.
# If it is refused, curl prints the problem ("code" is for programs, "detail" for people) and exits
# with 22.

curl --silent --show-error --fail-with-body --max-time 10 --retry 3 --retry-connrefused \
  --write-out '\n' \
  --header 'X-API-Key: allo_live_YOUR_KEY' \
  --header 'Idempotency-Key: ticket-7-move' \
  --header 'Content-Type: application/json' \
  --data '{"receiverIdentifier": "jo.winter", "reason": "new avatar", "reference": "ticket 7"}' \
  https://gifts.example.com/ext/v1/customers/kelly.moonwall/credit/actions/move
