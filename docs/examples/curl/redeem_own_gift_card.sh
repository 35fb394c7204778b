#!/bin/sh
# POST /v1/customer/giftcards/{id}/redeem: turns a card into store credit.
# Answers true. No body. The idempotency key makes it safe to repeat after a time-out: it is done
# once.
# With the resident's token in X-Customer-Token.
# If it is refused, curl prints the problem ("code" is for programs, "detail" for people) and exits
# with 22.

curl --silent --show-error --fail-with-body --max-time 10 --retry 3 --retry-connrefused \
  --write-out '\n' \
  --request POST \
  --header 'X-Customer-Token: gct_YOUR_TOKEN' \
  --header 'Idempotency-Key: redeem-019aad3c-a3f4-7051-8e62-7f8091a2b3c4' \
  https://gifts.example.com/v1/customer/giftcards/019aad3c-a3f4-7051-8e62-7f8091a2b3c4/redeem
