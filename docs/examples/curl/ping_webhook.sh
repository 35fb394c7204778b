#!/bin/sh
# POST /ext/v1/webhooks/{webhook}/actions/ping: has an event of the type ping posted to a webhook.
# No body. The idempotency key makes it safe to repeat after a time-out: it is done once.
# Scope: webhooks:write.
# If it is refused, curl prints the problem ("code" is for programs, "detail" for people) and exits
# with 22.

curl --silent --show-error --fail-with-body --max-time 10 --retry 3 --retry-connrefused \
  --write-out '\n' \
  --request POST \
  --header 'X-API-Key: allo_live_YOUR_KEY' \
  --header 'Idempotency-Key: hook-1-ping' \
  https://gifts.example.com/ext/v1/webhooks/019aad3c-c23f-7c41-9e60-7f8091a2b3c4/actions/ping
