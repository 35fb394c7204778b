#!/bin/sh
# POST /ext/v1/giftcards/actions/disable: disables all cards that a filter finds.
# First a dry run, which says what would come of each card; then exactly these cards are
# disabled. The idempotency key is made of the dry run's selection, which names them: what is
# sent again is done once. Scope: giftcards:write.
# If it is refused, curl prints the problem ("code" is for programs, "detail" for people) and
# exits with 22.

FILTER='{"tag": "raffle 2025", "active": true}'

post() {
  curl --silent --show-error --fail-with-body --max-time 60 --retry 3 --retry-connrefused \
    --write-out '\n' \
    --header 'X-API-Key: allo_live_YOUR_KEY' \
    --header 'Content-Type: application/json' \
    --data "$1" ${2:+--header "Idempotency-Key: $2"} \
    https://gifts.example.com/ext/v1/giftcards/actions/disable
}

shown=$(post "{\"filter\": $FILTER, \"dryRun\": true}")
status=$?
printf '%s\n' "$shown"
[ $status -eq 0 ] || exit $status
selection=$(printf '%s' "$shown" | sed -n 's/.*"selection":"\([0-9a-f]*\)".*/\1/p')
post "{\"filter\": $FILTER, \"selection\": \"$selection\"}" "disable-$selection"
