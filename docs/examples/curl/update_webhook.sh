#!/bin/sh
# PATCH /ext/v1/webhooks/{webhook}: has events of other types posted to a webhook.
# What is omitted is left. No types at all mean all of them.
# Scope: webhooks:write.
# If it is refused, curl prints the problem ("code" is for programs, "detail" for people) and exits
# with 22.

curl --silent --show-error --fail-with-body --max-time 10 --request PATCH \
  --write-out '\n' \
  --header 'X-API-Key: allo_live_YOUR_KEY' \
  --header 'Content-Type: application/json' \
  --data '{"types": ["gift_card.redeemed"]}' \
  https://gifts.example.com/ext/v1/webhooks/019aad3c-c23f-7c41-9e60-7f8091a2b3c4
