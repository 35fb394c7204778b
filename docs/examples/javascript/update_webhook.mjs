// PATCH /ext/v1/webhooks/{webhook}: has events of other types posted to a webhook.
// What is omitted is left. No types at all mean all of them.
// Scope: webhooks:write.

import { send } from "./client.mjs";

const WEBHOOK = "019aad3c-c23f-7c41-9e60-7f8091a2b3c4";
const CHANGE = { types: ["gift_card.redeemed"] };

console.log(await send("PATCH", `/ext/v1/webhooks/${WEBHOOK}`, { body: CHANGE }));
