#!/bin/sh
# POST /ext/v1/customers/{identifier}/credit/lots/{lot}/actions/extend.
# A lot ends at the end of 2099.
# The idempotency key makes it safe to repeat after a time-out: it is done once.
# Scope: credits:write.
# If it is refused, curl prints the problem ("code" is for programs, "detail" for people) and exits
# with 22.

curl --silent --show-error --fail-with-body --max-time 10 --retry 3 --retry-connrefused \
  --write-out '\n' \
  --header 'X-API-Key: allo_live_YOUR_KEY' \
  --header 'Idempotency-Key: ticket-8-extend' \
  --header 'Content-Type: application/json' \
  --data '{"expiresAt": "2099-12-31T00:00:00Z"}' \
  https://gifts.example.com/ext/v1/customers/kelly.moonwall/credit/lots/019aad3c-6e2f-7c4b-9e60-7f8a9b0c1d2e/actions/extend
