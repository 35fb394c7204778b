#!/bin/sh
# Post a signed event to a receiver, to try it: sh send.sh URL, with its secret in WEBHOOK_SECRET.
# It prints the status of the answer.

id=$(openssl rand -hex 16)
sent_at=$(date +%s)
body='{"type":"ping","timestamp":"2026-11-26T12:00:00Z","data":{}}'

key=$(printf '%s' "${WEBHOOK_SECRET#whsec_}" | openssl base64 -d -A | od -An -v -tx1 | tr -d ' \n')
signature=$(printf '%s' "$id.$sent_at.$body" |
  openssl dgst -sha256 -mac HMAC -macopt "hexkey:$key" -binary | openssl base64 -A)

curl --silent --show-error --output /dev/null --write-out '%{http_code}\n' \
  --header 'Content-Type: application/json' \
  --header "webhook-id: $id" \
  --header "webhook-timestamp: $sent_at" \
  --header "webhook-signature: v1,$signature" \
  --data "$body" \
  "$1"
