#!/bin/sh
# GET /ext/v1/webhooks/{webhook}: reads a webhook.
# Scope: webhooks:read.
# If it is refused, curl prints the problem ("code" is for programs, "detail" for people) and exits
# with 22.

curl --silent --show-error --fail-with-body --max-time 10 \
  --write-out '\n' \
  --header 'X-API-Key: allo_live_YOUR_KEY' \
  https://gifts.example.com/ext/v1/webhooks/019aad3c-c23f-7c41-9e60-7f8091a2b3c4
