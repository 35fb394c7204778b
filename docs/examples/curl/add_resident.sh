#!/bin/sh
# POST /ext/v1/residents: says which username an avatar has now.
# It is safe to repeat: a resident who is known is answered with 200 instead of 201.
# Scope: customers:write.
# If it is refused, curl prints the problem ("code" is for programs, "detail" for people) and exits
# with 22.

curl --silent --show-error --fail-with-body --max-time 10 --retry 3 --retry-connrefused \
  --write-out '\n' \
  --header 'X-API-Key: allo_live_YOUR_KEY' \
  --header 'Content-Type: application/json' \
  --data '{"uuid": "2d3e4f50-6172-4839-8a4b-5c6d7e8f9012", "username": "robin.sommer"}' \
  https://gifts.example.com/ext/v1/residents
