// Stripe's side: events as it sends them, and its signature.
import { createHmac } from "node:crypto";
import { readFileSync } from "node:fs";

export const SECRET = "whsec_dGVzdA";

const UPDATED = readFileSync(new URL("subscription.updated.json", import.meta.url), "utf8");

/** Returns the subscription of a real event, changed; `items` are changes of its one item, once for each. */
export function subscription({ items = [{}], ...changes } = {}) {
  const { object } = JSON.parse(UPDATED).data;
  const [item] = object.items.data;
  object.items.data = items.map(({ quantity = item.quantity, recurring, ...price }) => ({
    ...item,
    quantity,
    price: { ...item.price, ...price, recurring: { ...item.price.recurring, ...recurring } },
  }));
  return { ...object, ...changes };
}

/** Returns an event about a subscription. */
export function event(type, object, created = Math.floor(Date.now() / 1000)) {
  return { ...JSON.parse(UPDATED), type: `customer.subscription.${type}`, created, data: { object } };
}

/** Posts an event as Stripe does and resolves to the response. */
export function deliver(app, event, { secret = SECRET, at = Math.floor(Date.now() / 1000) } = {}) {
  const body = JSON.stringify(event, null, 2);
  const signature = createHmac("sha256", secret).update(`${at}.${body}`).digest("hex");
  return fetch(`${app}/stripe/webhook`, {
    method: "POST",
    headers: { "content-type": "application/json; charset=utf-8", "stripe-signature": `t=${at},v1=${signature}` },
    body,
  });
}
