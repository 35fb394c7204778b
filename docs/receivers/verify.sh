#!/bin/sh
# Check by hand a request that was kept: sh verify.sh ID TIMESTAMP SIGNATURES < BODY, which are the
# headers webhook-id, webhook-timestamp and webhook-signature, with the secret in WEBHOOK_SECRET.

key=$(printf '%s' "${WEBHOOK_SECRET#whsec_}" | openssl base64 -d -A | od -An -v -tx1 | tr -d ' \n')
expected=$({ printf '%s.%s.' "$1" "$2"; cat; } |
  openssl dgst -sha256 -mac HMAC -macopt "hexkey:$key" -binary | openssl base64 -A)

case " $3 " in
  *" v1,$expected "*) echo genuine ;;
  *) echo forged && exit 1 ;;
esac
