// Starts the app for one test.
import { once } from "node:events";
import Stripe from "stripe";
import { TinyCRM } from "tinycrm-sdk";
import { createApp } from "../app.js";
import { SECRET } from "./stripe.js";

/** Resolves to the app's address, with its TinyCRM and its Stripe at the given ones. */
export async function start(test, { crm, stripe = "http://127.0.0.1:1" }) {
  const { hostname, port } = new URL(stripe);
  const app = createApp({
    crm: new TinyCRM({ retries: 0, onError: () => {}, ...crm }),
    stripe: new Stripe("sk_test_1", { protocol: "http", host: hostname, port, maxNetworkRetries: 0, telemetry: false }),
    webhookSecret: SECRET,
  });
  const server = app.listen(0, "127.0.0.1");
  await once(server, "listening");
  test.after(() => {
    server.close();
    server.closeAllConnections();
  });
  return `http://127.0.0.1:${server.address().port}`;
}

export function post(url, body) {
  return fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
}
