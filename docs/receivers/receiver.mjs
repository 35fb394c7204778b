// Receive webhooks: node receiver.mjs PORT, with the webhook's secret in WEBHOOK_SECRET.
// Each request is checked (https://www.standardwebhooks.com), and each event printed once, one a line.

import { createHmac, timingSafeEqual } from "node:crypto";
import { createServer } from "node:http";

const KEY = Buffer.from(process.env.WEBHOOK_SECRET.replace(/^whsec_/, ""), "base64");
const TOLERANCE = 300; // seconds; an older request may be one that somebody recorded
const seen = new Set(); // in earnest a table, in which the id is written together with what you do

// Tell whether a request is from who knows the secret, and was made just now.
function isGenuine(headers, body) {
  const { "webhook-id": id = "", "webhook-timestamp": sentAt = "" } = headers;
  const { "webhook-signature": signatures = "" } = headers; // two for a day at a change
  if (!/^\d+$/.test(sentAt) || Math.abs(Date.now() / 1000 - sentAt) > TOLERANCE) return false;
  const digest = createHmac("sha256", KEY).update(`${id}.${sentAt}.`).update(body).digest("base64");
  const expected = Buffer.from(`v1,${digest}`);
  return signatures.split(" ").some((each) => {
    const given = Buffer.from(each);
    return given.length === expected.length && timingSafeEqual(given, expected);
  });
}

createServer(async (request, response) => {
  const body = Buffer.concat(await request.toArray());
  const genuine = request.method === "POST" && isGenuine(request.headers, body);
  const id = request.headers["webhook-id"];
  if (genuine && !seen.has(id)) {
    seen.add(id);
    console.log(body.toString()); // in earnest: put it into a queue
  }
  response.writeHead(genuine ? 204 : 401).end();
}).listen(Number(process.argv[2]), "127.0.0.1");
