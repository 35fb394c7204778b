#!/bin/sh
# GET /ext/v1/giftcards/{id}/labels: a card's reference, tags and metadata.
# Scope: giftcards:read.
# If it is refused, curl prints the problem ("code" is for programs, "detail" for people) and exits
# with 22.

curl --silent --show-error --fail-with-body --max-time 10 \
  --write-out '\n' \
  --header 'X-API-Key: allo_live_YOUR_KEY' \
  https://gifts.example.com/ext/v1/giftcards/019aad3c-9d4b-7c1e-8f3a-2b1c0d9e8f7a/labels
