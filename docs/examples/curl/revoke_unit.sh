#!/bin/sh
# POST /ext/v1/units/{unit}/actions/revoke: ends a unit's object; another one can be paired.
# No body. The idempotency key makes it safe to repeat after a time-out: it is done once.
# Scope: units:write.
# If it is refused, curl prints the problem ("code" is for programs, "detail" for people) and exits
# with 22.

curl --silent --show-error --fail-with-body --max-time 10 --retry 3 --retry-connrefused \
  --write-out '\n' \
  --request POST \
  --header 'X-API-Key: allo_live_YOUR_KEY' \
  --header 'Idempotency-Key: welcome-gift-revoke' \
  https://gifts.example.com/ext/v1/units/019aad3f-4444-7555-8666-777788889999/actions/revoke
