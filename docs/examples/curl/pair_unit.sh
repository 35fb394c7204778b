#!/bin/sh
# POST /ext/v1/units/{unit}/actions/pair: a code that pairs one object within 15 minutes.
# No body. Each call makes a new code, and ends the one before.
# Scope: units:write.
# If it is refused, curl prints the problem ("code" is for programs, "detail" for people) and exits
# with 22.

curl --silent --show-error --fail-with-body --max-time 10 \
  --write-out '\n' \
  --request POST \
  --header 'X-API-Key: allo_live_YOUR_KEY' \
  https://gifts.example.com/ext/v1/units/019aad3f-4444-7555-8666-777788889999/actions/pair
