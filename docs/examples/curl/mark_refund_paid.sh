#!/bin/sh
# POST /ext/v1/units/{unit}/refunds/{refund}/actions/mark-paid: you gave L$ back.
# It moves no L$: from then on the vendor does not give them back. The note may be left out.
# The idempotency key makes it safe to repeat after a time-out: it is done once.
# Scope: units:write.
# If it is refused, curl prints the problem ("code" is for programs, "detail" for people) and exits
# with 22.

curl --silent --show-error --fail-with-body --max-time 10 --retry 3 --retry-connrefused \
  --write-out '\n' \
  --header 'X-API-Key: allo_live_YOUR_KEY' \
  --header 'Idempotency-Key: refund-6b1e7c1c-paid' \
  --header 'Content-Type: application/json' \
  --data '{"note": "Paid by hand."}' \
  https://gifts.example.com/ext/v1/units/019aad3f-4444-7555-8666-77778888999b/refunds/6b1e7c1c-2f0a-4a53-9a55-0d3a5c1f7e21/actions/mark-paid
