#!/bin/sh
# POST /ext/v1/giftcards/actions/tag: gives several cards a tag, and takes another one away.
# The answer has what came of each.
# The idempotency key makes it safe to repeat after a time-out: it is done once.
# Scope: giftcards:write.
# If it is refused, curl prints the problem ("code" is for programs, "detail" for people) and exits
# with 22.

curl --silent --show-error --fail-with-body --max-time 10 --retry 3 --retry-connrefused \
  --write-out '\n' \
  --header 'X-API-Key: allo_live_YOUR_KEY' \
  --header 'Idempotency-Key: raffle-2026-tag' \
  --header 'Content-Type: application/json' \
  --data '{"ids": ["019aad3c-9d4b-7c1e-8f3a-2b1c0d9e8f7a", "019aad3c-a516-7273-8084-91a2b3c4d5e6"],
    "add": ["raffle 2026"], "remove": ["raffle 2025"]}' \
  https://gifts.example.com/ext/v1/giftcards/actions/tag
