#!/bin/sh
# GET /v1/customer/transactions, GET /v1/customer/redelivery/products, GET /v1/customer/news,
# GET /v1/customer/news/unread, POST /v1/customer/news/seen.
# The other tabs of a page made for Allomancy.
# Their lists are always empty here, so that the page renders; what acts on a row is refused:
# POST /v1/customer/redelivery, POST /v1/customer/news/{id}/request-item.
# With the resident's token in X-Customer-Token.
# If it is refused, curl prints the problem ("code" is for programs, "detail" for people) and
# exits with 22.

for tab in transactions redelivery/products news news/unread; do
  curl --silent --show-error --fail-with-body --max-time 10 --write-out '\n' \
    --header 'X-Customer-Token: gct_YOUR_TOKEN' \
    https://gifts.example.com/v1/customer/$tab || exit
done
curl --silent --show-error --fail-with-body --max-time 10 --request POST \
  --header 'X-Customer-Token: gct_YOUR_TOKEN' \
  https://gifts.example.com/v1/customer/news/seen
