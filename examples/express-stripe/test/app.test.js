// The app's own part: whom it lets in, what it answers, and what it sends.
import assert from "node:assert/strict";
import { test } from "node:test";
import { standIn } from "../../../sdk/typescript/test/standin.js";
import { post, start } from "./start.js";
import { deliver, event, subscription } from "./stripe.js";

const ADA = { email: "ada@example.com", name: "Ada", source: "producthunt" };

/** An app whose TinyCRM gives the prepared answers. */
async function appWith(t, ...answers) {
  const crm = await standIn(t, ...answers);
  const app = await start(t, { crm: { apiKey: "k", baseUrl: crm.url } });
  const sent = () => crm.calls.map(({ url, body }) => [url, JSON.parse(body)]);
  return { app, sent };
}

test("an event must be signed with our secret, now, as it is", async (t) => {
  const { app, sent } = await appWith(t, [200, {}]);
  const updated = event("updated", subscription());
  const now = Math.floor(Date.now() / 1000);

  assert.equal((await deliver(app, updated, { secret: "whsec_wrong" })).status, 400);
  assert.equal((await deliver(app, updated, { at: now - 3600 })).status, 400);
  assert.equal((await post(`${app}/stripe/webhook`, updated)).status, 400);
  assert.deepEqual(sent(), []);
  assert.equal((await deliver(app, updated)).status, 200);
});

test("an event is sent under its user_id, dated by its creation", async (t) => {
  const { app, sent } = await appWith(t, [200, {}]);
  await deliver(app, event("updated", subscription(), 1772355600));
  assert.deepEqual(sent(), [
    [
      "/v1/identify",
      {
        user_id: "u_42",
        status: "paid",
        params: { plan: "pro", billing_cycle: "monthly", currency: "usd", mrr: 29 },
        unset: ["trial_ends"],
        set_once: { upgraded_at: "2026-03-01T08:59:50.000Z" },
        timestamp: "2026-03-01T09:00:00.999Z",
      },
    ],
  ]);
});

test("a sign-up whose call got lost is made up for by the next event", async (t) => {
  const { app, sent } = await appWith(t, [503], [200, {}]);
  const { user_id } = await (await post(`${app}/signup`, ADA)).json();
  while (sent().length < 1) await new Promise((resume) => setTimeout(resume, 5));
  await deliver(app, event("created", subscription({ metadata: { user_id } })));
  const [, [, identify]] = sent();
  assert.deepEqual([identify.user_id, identify.email], [user_id, ADA.email]);
});

for (const answer of [[503], [422, { code: "unknown_user" }]]) {
  test(`Stripe is asked to come again when TinyCRM answers ${answer[0]}`, async (t) => {
    const { app } = await appWith(t, answer, [200, {}]);
    const deleted = event("deleted", subscription({ status: "canceled" }));
    assert.equal((await deliver(app, deleted)).status, 503);
    assert.equal((await deliver(app, deleted)).status, 200);
  });
}

test("Stripe is asked to come again when TinyCRM is not there", async (t) => {
  const app = await start(t, { crm: { apiKey: "k", baseUrl: "http://127.0.0.1:1" } });
  assert.equal((await deliver(app, event("updated", subscription()))).status, 503);
});

test("events that say nothing of our users are accepted and not sent", async (t) => {
  const { app, sent } = await appWith(t, [200, {}]);
  const invoice = { ...event("updated", { object: "invoice" }), type: "invoice.paid" };
  const incomplete = event("created", subscription({ status: "incomplete" }));
  const soldElsewhere = event("created", subscription({ metadata: {} }));
  for (const it of [invoice, incomplete, soldElsewhere]) assert.equal((await deliver(app, it)).status, 200);
  assert.deepEqual(sent(), []);
});

test("a sign-up works while TinyCRM does not", async (t) => {
  const app = await start(t, { crm: { apiKey: "k", baseUrl: "http://127.0.0.1:1" } });
  assert.equal((await post(`${app}/signup`, ADA)).status, 201);
  assert.equal((await post(`${app}/signup`, { name: "Ada" })).status, 422);
  assert.equal((await post(`${app}/login`, { user_id: "stranger" })).status, 404);
  assert.equal((await post(`${app}/checkout`, { user_id: "stranger" })).status, 404);
});

test("checkout puts the user_id where Stripe's events repeat it", async (t) => {
  const stripe = await standIn(t, [200, { id: "cs_1", object: "checkout.session", url: "https://checkout.test/cs_1" }]);
  const app = await start(t, { stripe: stripe.url, crm: {} });
  const { user_id } = await (await post(`${app}/signup`, ADA)).json();
  const session = await post(`${app}/checkout`, { user_id, price: "price_1" });

  assert.deepEqual(await session.json(), { url: "https://checkout.test/cs_1" });
  assert.equal(stripe.calls[0].url, "/v1/checkout/sessions");
  const form = Object.fromEntries(new URLSearchParams(stripe.calls[0].body));
  assert.equal(form["subscription_data[metadata][user_id]"], user_id);
  assert.equal(form["line_items[0][price]"], "price_1");
  assert.equal(form.customer_email, ADA.email);
});
