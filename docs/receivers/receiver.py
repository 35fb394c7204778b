"""Receive webhooks: python receiver.py PORT, with the webhook's secret in WEBHOOK_SECRET.

Each request is checked (https://www.standardwebhooks.com), and each event printed once, one a line.
"""

import base64
import hmac
import os
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

KEY = base64.b64decode(os.environ["WEBHOOK_SECRET"].removeprefix("whsec_"))
TOLERANCE = 300  # seconds; an older request may be one that somebody recorded
seen = set()  # in earnest a table, in which the id is written together with what you do


def is_genuine(headers, body):
    """Tell whether a request is from who knows the secret, and was made just now."""
    message_id, sent_at = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not sent_at.isdecimal() or abs(time.time() - int(sent_at)) > TOLERANCE:
        return False
    signed = f"{message_id}.{sent_at}.".encode() + body
    expected = b"v1," + base64.b64encode(hmac.digest(KEY, signed, "sha256"))
    signatures = headers.get("webhook-signature", "").encode().split()  # two for a day at a change
    return any(hmac.compare_digest(expected, each) for each in signatures)


class Receiver(BaseHTTPRequestHandler):
    """Answers each request."""

    def do_POST(self):
        """Take an event."""
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        genuine = is_genuine(self.headers, body)
        if genuine and self.headers["webhook-id"] not in seen:
            seen.add(self.headers["webhook-id"])
            print(body.decode(), flush=True)  # in earnest: put it into a queue
        self.send_response(204 if genuine else 401)
        self.end_headers()


ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Receiver).serve_forever()
