#!/bin/sh
# POST /v1/customer/giftcards/{id}/transfer: passes a card on, for good.
# Answers true. The idempotency key makes it safe to repeat after a time-out: it is done once.
# With the resident's token in X-Customer-Token.
# If it is refused, curl prints the problem ("code" is for programs, "detail" for people) and exits
# with 22.

curl --silent --show-error --fail-with-body --max-time 10 --retry 3 --retry-connrefused \
  --write-out '\n' \
  --header 'X-Customer-Token: gct_YOUR_TOKEN' \
  --header 'Idempotency-Key: transfer-019aad3c-a405-7162-9f73-8091a2b3c4d5' \
  --header 'Content-Type: application/json' \
  --data '{"receiverIdentifier": "jo.winter"}' \
  https://gifts.example.com/v1/customer/giftcards/019aad3c-a405-7162-9f73-8091a2b3c4d5/transfer
