#!/bin/sh
# POST /ext/v1/customers/{identifier}/credit/actions/refund: undoes a spend, or part of it.
# The idempotency key makes it safe to repeat after a time-out: it is done once.
# Scope: credits:write.
# If it is refused, curl prints the problem ("code" is for programs, "detail" for people) and exits
# with 22.

curl --silent --show-error --fail-with-body --max-time 10 --retry 3 --retry-connrefused \
  --write-out '\n' \
  --header 'X-API-Key: allo_live_YOUR_KEY' \
  --header 'Idempotency-Key: order-1042-refund' \
  --header 'Content-Type: application/json' \
  --data '{"spend": "019aad3c-5e1d-7b3a-8d5f-6e7f8a9b0c1d", "amount": 300, "reason": "order cancelled", "reference": "order 1042"}' \
  https://gifts.example.com/ext/v1/customers/kelly.moonwall/credit/actions/refund
