#!/bin/sh
# POST /v1/customer-tokens: a link to a resident's own page.
# Whoever has the link can redeem and pass on the cards until it expires, so hand it to the
# resident only. Each request makes a new one.
# Scope: customertokens:mint.
# If it is refused, curl prints the problem ("code" is for programs, "detail" for people) and exits
# with 22.

curl --silent --show-error --fail-with-body --max-time 10 \
  --write-out '\n' \
  --header 'X-API-Key: allo_live_YOUR_KEY' \
  --header 'Content-Type: application/json' \
  --data '{"customerIdentifier": "kelly.moonwall"}' \
  https://gifts.example.com/v1/customer-tokens
