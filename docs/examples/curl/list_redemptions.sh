#!/bin/sh
# GET /ext/v1/redemptions: what was redeemed since 2025, one page a line.
# Scope: events:read.
# If it is refused, curl prints the problem ("code" is for programs, "detail" for people) and
# exits with 22.

cursor=
while :; do
  page=$(curl --silent --show-error --fail-with-body --max-time 10 --get \
    --header 'X-API-Key: allo_live_YOUR_KEY' \
    --data from=2025-01-01T00:00:00Z --data limit=100 ${cursor:+--data "cursor=$cursor"} \
    https://gifts.example.com/ext/v1/redemptions)
  status=$?
  printf '%s\n' "$page"
  [ $status -eq 0 ] || exit $status
  # A cursor is base64url: it needs no escaping and no JSON parser to be found.
  cursor=$(printf '%s' "$page" | sed -n 's/.*"nextCursor":"\([^"]*\)".*/\1/p')
  [ -n "$cursor" ] || break
done
