#!/bin/sh
# POST /ext/v1/giftcards/{id}/actions/reissue: a new card for a lost one, which is void then.
# The idempotency key makes it safe to repeat after a time-out: it is done once.
# Scope: giftcards:write.
# If it is refused, curl prints the problem ("code" is for programs, "detail" for people) and exits
# with 22.

curl --silent --show-error --fail-with-body --max-time 10 --retry 3 --retry-connrefused \
  --write-out '\n' \
  --header 'X-API-Key: allo_live_YOUR_KEY' \
  --header 'Idempotency-Key: ticket-7-reissue' \
  --header 'Content-Type: application/json' \
  --data '{"reason": "lost"}' \
  https://gifts.example.com/ext/v1/giftcards/019aad3c-a2e3-7f40-9d51-6e7f8091a2b3/actions/reissue
