#!/bin/sh
# POST /ext/v1/giftcards/bulk: a card for each row, up to 10 000; the answer has a result for each.
# The idempotency key covers the whole: what is repeated after a time-out is done once.
# Scope: giftcards:write.
# If the request is refused, curl prints the problem ("code" is for programs, "detail" for people)
# and exits with 22.

curl --silent --show-error --fail-with-body --max-time 60 --retry 3 --retry-connrefused \
  --write-out '\n' \
  --header 'X-API-Key: allo_live_YOUR_KEY' \
  --header 'Idempotency-Key: hunt-2026-prizes' \
  --header 'Content-Type: text/csv' \
  --data-binary @- \
  https://gifts.example.com/ext/v1/giftcards/bulk <<'ROWS'
identifier,credit,reason
kelly.moonwall,500,hunt 2026
kelly.moonwall,250,hunt 2026
ROWS
