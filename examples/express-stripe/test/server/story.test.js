// From a sign-up to a cancelled subscription, with a real TinyCRM.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { query, startTinyCRM } from "../../../../sdk/typescript/test/server/tinycrm.js";
import { post, start } from "../start.js";
import { deliver, event, subscription } from "../stripe.js";

let tinycrm;
before(async () => (tinycrm = await startTinyCRM()));
after(() => tinycrm?.stop());

let projects = 0;

/** The app with a new project, and what TinyCRM says of it. */
async function story(t, options) {
  const { key } = await tinycrm.command("project", "create", `product-${++projects}`);
  const crm = { apiKey: key, baseUrl: tinycrm.url, ...options };
  const app = await start(t, { crm });
  const count = async (filter) => (await query(tinycrm.url, key, { filter })).count;
  /** Waits for calls that nobody awaits. */
  const becomes = async (filter) => {
    for (const deadline = Date.now() + 5_000; (await count(filter)) !== 1; ) {
      assert.ok(Date.now() < deadline, `nobody is ${filter}`);
    }
  };
  return { app, count, becomes, restarted: () => start(t, { crm }) };
}

const ADA = { email: "ada@example.com", name: "Ada", source: "producthunt" };
const now = () => Math.floor(Date.now() / 1000);
const price = { lookup_key: "pro", unit_amount: 29_900, unit_amount_decimal: "29900", recurring: { interval: "year" } };

test("sign-up, trial, upgrade, cancellation", async (t) => {
  const { app, count, becomes } = await story(t);
  const { user_id } = await (await post(`${app}/signup`, ADA)).json();
  await becomes('status = free and params.source = "producthunt" and params.referral is null');
  const metadata = { user_id };

  const trial_end = now() + 5 * 86_400;
  const trial = subscription({ metadata, status: "trialing", trial_end, items: [price] });
  assert.equal((await deliver(app, event("created", trial))).status, 200);
  assert.equal(await count("status = trial and params.trial_ends in next 7 days"), 1);

  const paid = subscription({ metadata, status: "active", trial_end, items: [price] });
  assert.equal((await deliver(app, event("updated", paid, now() + 1))).status, 200);
  assert.equal(
    await count('status = paid and params.plan = "pro" and params.mrr = 24.92 and params.billing_cycle = "yearly"'),
    1,
  );
  assert.equal(await count('not params.trial_ends exists and params.source = "producthunt" and name = "Ada"'), 1);

  const cancelled = subscription({ metadata, status: "canceled", items: [price] });
  assert.equal((await deliver(app, event("deleted", cancelled, now() + 2))).status, 200);
  assert.equal(await count('status = churned and params.mrr = 0 and params.plan = "pro"'), 1);
  assert.equal(await count(""), 1);
});

test("an upgrade in the second of the sign-up counts", async (t) => {
  const { app, count } = await story(t);
  const { user_id } = await (await post(`${app}/signup`, ADA)).json();
  await deliver(app, event("created", subscription({ metadata: { user_id } })));
  await new Promise((resume) => setTimeout(resume, 200));
  assert.equal(await count("status = paid and params.mrr = 29"), 1);
});

test("a sign-up that arrives after the upgrade does not undo it", async (t) => {
  let arrive;
  const slow = new Promise((resolve) => (arrive = resolve));
  let arrived;
  const { app, count } = await story(t, {
    fetch: (...request) => {
      if (arrived) return fetch(...request);
      arrived = slow.then(() => fetch(...request));
      return arrived;
    },
  });
  const { user_id } = await (await post(`${app}/signup`, ADA)).json();
  assert.equal((await deliver(app, event("created", subscription({ metadata: { user_id } }), now() + 1))).status, 200);
  arrive();
  await arrived;
  assert.equal(await count('status = paid and params.source = "producthunt"'), 1);
});

test("a late event does not overwrite a newer one", async (t) => {
  const { app, count } = await story(t);
  const { user_id } = await (await post(`${app}/signup`, ADA)).json();
  const metadata = { user_id };
  const at = now() + 1;
  // What lies ahead of the server's clock is dated by it: the events are of the past when they arrive.
  await new Promise((resume) => setTimeout(resume, 4_000));
  const team = subscription({ metadata, items: [{ ...price, lookup_key: "team", recurring: {} }] });
  await deliver(app, event("updated", team, at + 2));
  await deliver(app, event("created", subscription({ metadata }), at));
  await deliver(app, event("updated", subscription({ metadata, status: "canceled" }), at + 1));
  assert.equal(await count('status = paid and params.plan = "team" and params.mrr = 299'), 1);
});

test("the same event twice is the same as once", async (t) => {
  const { app, count } = await story(t);
  const { user_id } = await (await post(`${app}/signup`, ADA)).json();
  const created = event("created", subscription({ metadata: { user_id } }), now() + 1);
  for (let i = 0; i < 2; i++) assert.equal((await deliver(app, created)).status, 200);
  assert.equal(await count("status = paid and params.mrr = 29"), 1);
});

test("the user_id alone is enough once TinyCRM knows it", async (t) => {
  const { app, count, becomes, restarted } = await story(t);
  const { user_id } = await (await post(`${app}/signup`, ADA)).json();
  await becomes("status = free");
  const forgetful = await restarted();
  assert.equal((await deliver(forgetful, event("created", subscription({ metadata: { user_id } }), now() + 1))).status, 200);
  assert.equal(await count(`email = "${ADA.email}" and status = paid`), 1);
});

test("an event of a user whom nobody knows yet comes again", async (t) => {
  const { app, count } = await story(t);
  const stranger = event("created", subscription({ metadata: { user_id: "stranger" } }));
  assert.equal((await deliver(app, stranger)).status, 503);
  assert.equal(await count(""), 0);
});

test("a login marks activity", async (t) => {
  const { app, becomes } = await story(t);
  const { user_id } = await (await post(`${app}/signup`, ADA)).json();
  await becomes("status = free");
  assert.equal((await post(`${app}/login`, { user_id })).status, 200);
  await becomes("last_activity = today");
});
