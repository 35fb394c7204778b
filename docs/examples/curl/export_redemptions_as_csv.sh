#!/bin/sh
# GET /ext/v1/redemptions/export.csv: what was redeemed since 2025 as CSV, for a spreadsheet.
# Scope: events:read.
# If it is refused, or breaks off before its end, curl exits with another code than 0.

curl --silent --show-error --fail-with-body --max-time 600 \
  --header 'X-API-Key: allo_live_YOUR_KEY' \
  'https://gifts.example.com/ext/v1/redemptions/export.csv?from=2025-01-01T00:00:00Z'
