// The app: people sign up, come back, and buy a subscription. TinyCRM hears of all three.
import { randomUUID } from "node:crypto";
import express from "express";
import { factsOf } from "./subscription.js";

const SUBSCRIPTION_EVENTS = new Set([
  "customer.subscription.created",
  "customer.subscription.updated",
  "customer.subscription.deleted",
]);

export function createApp({ crm, stripe, webhookSecret }) {
  const app = express();
  const users = new Map(); // by id; stands for this app's database

  app.post("/signup", express.json(), (request, response) => {
    const { email, name, source = "direct", referral = null } = request.body ?? {};
    if (typeof email !== "string" || !email.includes("@")) return response.status(422).json({ error: "email is needed" });

    const user = { id: randomUUID(), email, name, signed_up_at: new Date() };
    users.set(user.id, user);

    // Both the e-mail and our id: from here on the id alone is enough. Nobody waits for this call; because it says
    // when it was true, it cannot undo an upgrade if it arrives after one.
    crm.identify({
      email,
      user_id: user.id,
      name,
      status: "free",
      set_once: { source, referral, signed_up_at: user.signed_up_at },
      timestamp: user.signed_up_at,
    });
    response.status(201).json({ user_id: user.id });
  });

  app.post("/login", express.json(), (request, response) => {
    const user = users.get(request.body?.user_id);
    if (!user) return response.status(404).json({ error: "no such user" });

    crm.ping({ user_id: user.id });
    response.json({ name: user.name });
  });

  app.post("/checkout", express.json(), async (request, response) => {
    const user = users.get(request.body?.user_id);
    if (!user) return response.status(404).json({ error: "no such user" });

    const session = await stripe.checkout.sessions.create({
      mode: "subscription",
      customer_email: user.email,
      line_items: [{ price: request.body.price, quantity: 1 }],
      // Stripe's events know no e-mail. They do repeat this.
      subscription_data: { metadata: { user_id: user.id } },
      success_url: `${request.protocol}://${request.host}/`,
    });
    response.json({ url: session.url });
  });

  // The signature is of the bytes, so they must not be parsed before.
  app.post("/stripe/webhook", express.raw({ type: "application/json" }), async (request, response) => {
    let event;
    try {
      event = stripe.webhooks.constructEvent(request.body, request.get("stripe-signature"), webhookSecret);
    } catch (error) {
      return response.status(400).send(error.message);
    }

    const saved = !SUBSCRIPTION_EVENTS.has(event.type) || (await save(event));
    response.sendStatus(saved ? 200 : 503); // what is not 200 comes again, for three days
  });

  async function save(event) {
    const subscription = event.data.object;
    const facts = factsOf(subscription);
    const { user_id } = subscription.metadata;
    if (!facts || !user_id) return true; // nothing to say yet, or not sold by this app

    const { ok } = await crm.identify({
      user_id,
      email: users.get(user_id)?.email, // in case the sign-up's own call got lost
      ...facts,
      // Events come late and in any order, each dated by whole seconds: at the end of its second it is after a
      // sign-up in the same one.
      timestamp: new Date(event.created * 1000 + 999),
    });
    return ok;
  }

  return app;
}
