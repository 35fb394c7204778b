#!/bin/sh
# GET /ext/v1/giftcards/export.csv: all active cards of the store as CSV, for a spreadsheet.
# Scope: giftcards:read.
# If it is refused, or breaks off before its end, curl exits with another code than 0.

curl --silent --show-error --fail-with-body --max-time 600 \
  --header 'X-API-Key: allo_live_YOUR_KEY' \
  'https://gifts.example.com/ext/v1/giftcards/export.csv?active=true'
