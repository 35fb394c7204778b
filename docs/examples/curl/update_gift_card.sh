#!/bin/sh
# PUT /v1/giftcards/{id}: replaces credit, texture, transfer and active, all four. One that is
# left out is set to 0, null, false or false. Scope: giftcards:write.
# If it is refused, curl prints the problem ("code" is for programs, "detail" for people) and
# exits with 22.

curl --silent --show-error --fail-with-body --max-time 10 --request PUT \
  --write-out '\n' \
  --header 'X-API-Key: allo_live_YOUR_KEY' \
  --header 'Content-Type: application/json' \
  --data '{"credit": 250, "texture": null, "transfer": true, "active": true}' \
  https://gifts.example.com/v1/giftcards/019aad3c-9d4b-7c1e-8f3a-2b1c0d9e8f7a
