#!/bin/sh
# POST /ext/v1/units: a unit that gives L$100 to each resident who touches it.
# The idempotency key makes it safe to repeat after a time-out: it is done once.
# Scope: units:write.
# If it is refused, curl prints the problem ("code" is for programs, "detail" for people) and exits
# with 22.

curl --silent --show-error --fail-with-body --max-time 10 --retry 3 --retry-connrefused \
  --write-out '\n' \
  --header 'X-API-Key: allo_live_YOUR_KEY' \
  --header 'Idempotency-Key: welcome-gift' \
  --header 'Content-Type: application/json' \
  --data '{"kind": "delivery", "name": "Welcome gift", "credit": 100, "maxCards": 1000}' \
  https://gifts.example.com/ext/v1/units
