#!/bin/sh
# GET /ext/v1/units/{unit}: a unit, with what it has given and which object is paired.
# Scope: units:read.
# If it is refused, curl prints the problem ("code" is for programs, "detail" for people) and exits
# with 22.

curl --silent --show-error --fail-with-body --max-time 10 \
  --write-out '\n' \
  --header 'X-API-Key: allo_live_YOUR_KEY' \
  https://gifts.example.com/ext/v1/units/019aad3f-4444-7555-8666-777788889999
