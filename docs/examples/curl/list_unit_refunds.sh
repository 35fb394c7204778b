#!/bin/sh
# GET /ext/v1/units/{unit}/refunds: what a vendor was paid for nothing, newest first, one page a line.
# Scope: units:read.
# If it is refused, curl prints the problem ("code" is for programs, "detail" for people) and
# exits with 22.

cursor=
while :; do
  page=$(curl --silent --show-error --fail-with-body --max-time 10 --get \
    --header 'X-API-Key: allo_live_YOUR_KEY' \
    --data limit=100 ${cursor:+--data "cursor=$cursor"} \
    https://gifts.example.com/ext/v1/units/019aad3f-4444-7555-8666-77778888999b/refunds)
  status=$?
  printf '%s\n' "$page"
  [ $status -eq 0 ] || exit $status
  # A cursor is base64url: it needs no escaping and no JSON parser to be found.
  cursor=$(printf '%s' "$page" | sed -n 's/.*"nextCursor":"\([^"]*\)".*/\1/p')
  [ -n "$cursor" ] || break
done
