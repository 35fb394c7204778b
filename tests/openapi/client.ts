// Grants a card, lists the customer's cards, reads the new one; prints the page, then the card.
import createClient from "openapi-fetch";
import type { components, paths } from "./api.js";

type GiftCard = components["schemas"]["GiftCardResponse"];

declare const process: { argv: string[] };

const [, , baseUrl = "", key = "", identifier = ""] = process.argv;
const client = createClient<paths>({ baseUrl, headers: { "X-API-Key": key } });

const granted = await client.POST("/v1/customers/{identifier}/actions/grant-gift-card", {
  params: { path: { identifier } },
  body: { credit: 500 }, // what has a default need not be sent
});
if (granted.error) throw new Error(granted.error.detail);

const listed = await client.GET("/v1/customers/{identifier}/giftcards", {
  params: { path: { identifier }, query: { active: true } },
});
if (listed.error) throw new Error(listed.error.detail);
const cards: GiftCard[] = listed.data.data;
console.log(JSON.stringify(cards));

const read = await client.GET("/v1/giftcards/{id}", { params: { path: { id: granted.data.id } } });
if (read.error) throw new Error(read.error.code);
console.log(JSON.stringify(read.data));

const refused = await client.GET("/v1/giftcards/{id}", { params: { path: { id: "nothing" } } });
const code: string | undefined = refused.error?.code;
console.log(JSON.stringify(code));
