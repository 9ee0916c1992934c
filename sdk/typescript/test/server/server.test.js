// The SDK against a real server: what it sends is stored, and what the server refuses is explained.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { TinyCRM } from "tinycrm-sdk";
import { query, startTinyCRM } from "./tinycrm.js";

let tinycrm;
before(async () => (tinycrm = await startTinyCRM()));
after(() => tinycrm?.stop());

let projects = 0;

/** A client of a new project, and how to read it back. */
async function project(options) {
  const slug = `product-${++projects}`;
  const { key } = await tinycrm.command("project", "create", slug);
  const crm = new TinyCRM({ apiKey: key, baseUrl: tinycrm.url, onError: () => {}, ...options });
  const read = (filter, question) => query(tinycrm.url, key, { filter, ...question });
  const one = async (email) => (await read(`email = ${JSON.stringify(email)}`)).customers[0];
  return { crm, slug, read, one };
}

const ADA = "ada@example.com";

test("what identify says can be asked for at once", async () => {
  const { crm, read } = await project();
  const result = await crm.identify({ email: ADA, name: "Ada", status: "paid", params: { plan: "pro", mrr: 29.9 } });
  assert.equal(result.ok, true);
  assert.equal(typeof result.version, "number");

  const { count, customers, aggregates } = await read('params.plan = "pro"', {
    select: ["count", "customers", "aggregates"],
    aggregates: ["sum(params.mrr)"],
    min_version: result.version,
  });
  assert.equal(count, 1);
  assert.equal(customers[0].email, ADA);
  assert.equal(aggregates[0].value, 29.9);
});

test("an upgrade leaves the sign-up's params and name alone", async () => {
  const { crm, read } = await project();
  await crm.identify({ email: ADA, user_id: "u_42", name: "Ada", set_once: { source: "producthunt", referral: null } });
  await crm.identify({ user_id: "u_42", status: "paid", params: { plan: "pro" }, set_once: { source: "direct" } });
  const { count } = await read(
    'params.plan = "pro" and params.source = "producthunt" and params.referral is null and name = "Ada" and status = paid',
  );
  assert.equal(count, 1);
});

test("every field arrives", async () => {
  const { crm, read } = await project();
  await crm.identify({ email: ADA, params: { tags: ["lead"], logins: 1, trial_ends: new Date() } });
  await crm.identify({
    email: ADA,
    increment: { logins: 2 },
    add: { tags: "vip" },
    unset: ["trial_ends"],
    first_seen: "2020-01-01",
  });
  await crm.identify({ email: ADA, remove: { tags: "lead" } });
  const filter = 'params.logins = 3 and params.tags has "vip" and not params.tags has "lead"';
  assert.equal((await read(`${filter} and not params.trial_ends exists and first_seen < 2020-01-02`)).count, 1);

  await crm.identify({ email: ADA, params: { plan: "pro" }, replace: true });
  assert.equal((await read('params.plan = "pro" and not params.logins exists')).count, 1);
});

test("an older call is listed as stale", async () => {
  const { crm, read } = await project();
  await crm.identify({ email: ADA, params: { plan: "pro" } });
  const result = await crm.identify({ email: ADA, params: { plan: "free" }, timestamp: new Date(Date.now() - 60_000) });
  assert.equal(result.ok, true);
  assert.deepEqual(result.stale, ["plan"]);
  assert.equal((await read('params.plan = "pro"')).count, 1);
});

test("ping marks activity and creates nobody", async () => {
  const { crm, read } = await project();
  const earlier = new Date(Date.now() - 86_400_000 * 30);
  await crm.identify({ email: ADA, user_id: "u_42", timestamp: earlier });
  assert.equal((await read("last_activity in last 7 days")).count, 0);

  assert.equal((await crm.ping({ user_id: "u_42" })).ok, true);
  assert.equal((await read("last_activity in last 7 days")).count, 1);
  assert.equal((await crm.ping("stranger@example.com")).ok, true);
  assert.equal((await read("")).count, 1);
});

test("a call whose answer got lost takes effect once", async () => {
  let lost = 0;
  const { crm, read } = await project({
    fetch: async (...request) => {
      const response = await fetch(...request);
      if (lost++ === 0) throw new TypeError("connection lost");
      return response;
    },
  });
  const result = await crm.identify({ email: ADA, increment: { logins: 1 } });
  assert.equal(result.ok, true);
  assert.equal(lost, 2);
  assert.equal((await read("params.logins = 1")).count, 1);
});

test("calls at once are all stored", async () => {
  const { crm, read } = await project();
  const emails = Array.from({ length: 100 }, (_, i) => `user${i}@example.com`);
  const results = await Promise.all(emails.map((email) => crm.identify({ email, increment: { logins: 1 } })));
  assert.ok(results.every(({ ok }) => ok));
  assert.equal((await read("params.logins = 1")).count, 100);
});

test("a batch brings many users, and a bad one fails alone", async () => {
  const { crm, read } = await project();
  const { ok, version, results } = await crm.batch([
    { email: ADA, params: { plan: "pro" } },
    { email: "ada" },
    { type: "ping", email: ADA },
    { email: "bob@example.com", status: "trial" },
  ]);
  assert.equal(ok, true);
  assert.deepEqual(results.map((result) => result.ok), [true, false, true, true]);
  assert.deepEqual([results[0].created, results[1].status], [true, 422]);
  assert.equal((await read("", { min_version: version })).count, 2);
});

test("what the server refuses is explained", async () => {
  const { crm } = await project();
  const refused = {
    unknown_user: { user_id: "stranger" },
    invalid: { email: "ada" },
  };
  const unknown = await crm.identify(refused.unknown_user);
  assert.deepEqual([unknown.ok, unknown.error.status, unknown.error.code], [false, 422, "unknown_user"]);

  const { error } = await crm.identify(refused.invalid);
  assert.equal(error.status, 422);
  assert.equal(error.errors[0].pointer, "/email");
  assert.ok(error.message && error.request_id);

  const stranger = new TinyCRM({ apiKey: "tcrm_proj_nobody", baseUrl: tinycrm.url, onError: () => {} });
  assert.equal((await stranger.ping(ADA)).error.status, 401);
});

test("a publishable key adds, and changes nothing", async () => {
  const { crm, slug, one, read } = await project();
  const { key } = await tinycrm.command("key", "create", "--project", slug, "--kind", "publishable");
  const visitor = new TinyCRM({ apiKey: key, baseUrl: tinycrm.url });

  assert.equal((await visitor.identify({ email: ADA, params: { source: "waitlist" } })).ok, true);
  await crm.identify({ email: ADA, params: { plan: "pro" } });
  assert.equal((await visitor.identify({ email: ADA, params: { plan: "free" } })).ok, true);
  assert.equal((await read('params.source = "waitlist" and params.plan = "pro"')).count, 1);
  assert.equal((await one(ADA)).email, ADA);
});

test("browsers may send what the SDK sends", async () => {
  for (const path of ["identify", "ping"]) {
    const { ok, headers } = await fetch(`${tinycrm.url}/v1/${path}`, {
      method: "OPTIONS",
      headers: {
        origin: "https://example.com",
        "access-control-request-method": "POST",
        "access-control-request-headers": "authorization,content-type,idempotency-key",
      },
    });
    assert.ok(ok);
    assert.ok(["*", "https://example.com"].includes(headers.get("access-control-allow-origin")));
    const allowed = headers.get("access-control-allow-headers")?.toLowerCase() ?? "";
    // A * does not cover authorization.
    for (const header of ["authorization", "content-type", "idempotency-key"]) assert.match(allowed, new RegExp(header));
  }
});
