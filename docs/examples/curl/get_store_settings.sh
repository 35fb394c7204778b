#!/bin/sh
# GET /ext/v1/store: the store and its settings. Scope: store:read.
# If it is refused, curl prints the problem ("code" is for programs, "detail" for people) and
# exits with 22.

curl --silent --show-error --fail-with-body --max-time 10 \
  --write-out '\n' \
  --header 'X-API-Key: allo_live_YOUR_KEY' \
  https://gifts.example.com/ext/v1/store
