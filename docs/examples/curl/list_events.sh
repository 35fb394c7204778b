#!/bin/sh
# GET /ext/v1/events: what happened at the store, oldest first, one page a line, up to the end.
# Keep the last nextCursor, and give it as the argument next time: then only what is new comes.
# With wait=25 and no end of the loop it follows the store. Scope: events:read.
# If it is refused, curl prints the problem ("code" is for programs, "detail" for people) and
# exits with 22.

cursor=$1
while :; do
  page=$(curl --silent --show-error --fail-with-body --max-time 40 --get \
    --header 'X-API-Key: allo_live_YOUR_KEY' \
    --data limit=100 --data wait=1 ${cursor:+--data "cursor=$cursor"} \
    https://gifts.example.com/ext/v1/events)
  status=$?
  printf '%s\n' "$page"
  [ $status -eq 0 ] || exit $status
  # At the end the cursor stays as it is. It is base64url: it needs no escaping.
  next=$(printf '%s' "$page" | sed -n 's/.*"nextCursor":"\([^"]*\)".*/\1/p')
  [ "$next" != "$cursor" ] || break
  cursor=$next
done
