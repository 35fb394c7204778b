#!/bin/sh
# GET /v1/customer/profile: whom the page greets.
# With the resident's token in X-Customer-Token.
# If it is refused, curl prints the problem ("code" is for programs, "detail" for people) and exits
# with 22.

curl --silent --show-error --fail-with-body --max-time 10 \
  --write-out '\n' \
  --header 'X-Customer-Token: gct_YOUR_TOKEN' \
  https://gifts.example.com/v1/customer/profile
