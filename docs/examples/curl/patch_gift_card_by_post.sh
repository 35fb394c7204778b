#!/bin/sh
# POST /ext/v1/giftcards/{id}/actions/patch: PATCH for clients that have none.
# Scope: giftcards:write.
# If it is refused, curl prints the problem ("code" is for programs, "detail" for people) and exits
# with 22.

curl --silent --show-error --fail-with-body --max-time 10 \
  --write-out '\n' \
  --header 'X-API-Key: allo_live_YOUR_KEY' \
  --header 'Content-Type: application/json' \
  --data '{"transfer": false}' \
  https://gifts.example.com/ext/v1/giftcards/019aad3c-9d4b-7c1e-8f3a-2b1c0d9e8f7a/actions/patch
