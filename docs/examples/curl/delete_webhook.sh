#!/bin/sh
# DELETE /ext/v1/webhooks/{webhook}: deletes a webhook: nothing more is posted to it.
# The idempotency key makes it safe to repeat after a time-out: it is done once.
# Scope: webhooks:write.
# If it is refused, curl prints the problem ("code" is for programs, "detail" for people) and exits
# with 22.

curl --silent --show-error --fail-with-body --max-time 10 --retry 3 --retry-connrefused \
  --request DELETE \
  --write-out '\n' \
  --header 'X-API-Key: allo_live_YOUR_KEY' \
  --header 'Idempotency-Key: hook-1-delete' \
  https://gifts.example.com/ext/v1/webhooks/019aad3c-e45f-7e63-9082-91a2b3c4d5e6
