#!/bin/sh
# GET /healthz: whether the server is alive. Needs no key.
# If it is refused, curl prints the problem ("code" is for programs, "detail" for people) and
# exits with 22.

curl --silent --show-error --fail-with-body --max-time 10 --write-out '\n' \
  https://gifts.example.com/healthz
