#!/bin/sh
# GET /ext/v1/customer/history: what happened to the resident's cards and credit, page by
# page, one page a line; the newest first. With the resident's token in X-Customer-Token.
# If it is refused, curl prints the problem ("code" is for programs, "detail" for people) and
# exits with 22.

cursor=
while :; do
  page=$(curl --silent --show-error --fail-with-body --max-time 10 --get \
    --header 'X-Customer-Token: gct_YOUR_TOKEN' \
    --data limit=100 ${cursor:+--data "cursor=$cursor"} \
    https://gifts.example.com/ext/v1/customer/history)
  status=$?
  printf '%s\n' "$page"
  [ $status -eq 0 ] || exit $status
  # A cursor is base64url: it needs no escaping and no JSON parser to be found.
  cursor=$(printf '%s' "$page" | sed -n 's/.*"nextCursor":"\([^"]*\)".*/\1/p')
  [ -n "$cursor" ] || break
done
