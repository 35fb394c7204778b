#!/bin/sh
# PATCH /ext/v1/units/{unit}: lets a unit give L$150, without a bound on its cards.
# Scope: units:write.
# If it is refused, curl prints the problem ("code" is for programs, "detail" for people) and exits
# with 22.

curl --silent --show-error --fail-with-body --max-time 10 --request PATCH \
  --write-out '\n' \
  --header 'X-API-Key: allo_live_YOUR_KEY' \
  --header 'Content-Type: application/json' \
  --data '{"credit": 150, "maxCards": null}' \
  https://gifts.example.com/ext/v1/units/019aad3f-4444-7555-8666-777788889999
