#!/bin/sh
# PATCH /ext/v1/store: says where the store is on the map, and whom residents ask.
# What is omitted is left. Scope: store:write.
# If it is refused, curl prints the problem ("code" is for programs, "detail" for people) and exits
# with 22.

curl --silent --show-error --fail-with-body --max-time 10 --request PATCH \
  --write-out '\n' \
  --header 'X-API-Key: allo_live_YOUR_KEY' \
  --header 'Content-Type: application/json' \
  --data '{"locationSlUrl": "secondlife://Moonwall/128/128/23", "contact": "Aria Moonwall"}' \
  https://gifts.example.com/ext/v1/store
