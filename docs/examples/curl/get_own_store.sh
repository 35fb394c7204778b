#!/bin/sh
# GET /ext/v1/customer/store: whose page it is, and whom to ask.
# With the resident's token in X-Customer-Token.
# If it is refused, curl prints the problem ("code" is for programs, "detail" for people) and exits
# with 22.

curl --silent --show-error --fail-with-body --max-time 10 \
  --write-out '\n' \
  --header 'X-Customer-Token: gct_YOUR_TOKEN' \
  https://gifts.example.com/ext/v1/customer/store
