// What the calls send, and what they make of an answer.
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { test } from "node:test";
import { TinyCRM } from "tinycrm-sdk";
import { standIn } from "./standin.js";

const OK = [200, { version: 7 }];
const UUIDV7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

test("identify posts what it was given under the key", async (t) => {
  const { url, calls } = await standIn(t, OK);
  const crm = new TinyCRM({ apiKey: "tcrm_proj_1", baseUrl: url });
  const result = await crm.identify({
    email: "ada@example.com",
    name: undefined,
    params: { referral: null, trial_ends: new Date("2026-03-01T09:00:00Z") },
  });

  assert.deepEqual(result, { ok: true, version: 7 });
  assert.equal(calls.length, 1);
  const [{ method, headers, body, ...call }] = calls;
  assert.deepEqual([method, call.url], ["POST", "/v1/identify"]);
  assert.equal(headers.authorization, "Bearer tcrm_proj_1");
  assert.equal(headers["content-type"], "application/json");
  assert.match(headers["idempotency-key"], UUIDV7);
  assert.equal(
    body,
    '{"email":"ada@example.com","params":{"referral":null,"trial_ends":"2026-03-01T09:00:00.000Z"}}',
  );
});

test("ping takes an e-mail, or who, and sends no idempotency key", async (t) => {
  const { url, calls } = await standIn(t, OK);
  const crm = new TinyCRM({ apiKey: "k", baseUrl: url });
  await crm.ping("ada@example.com");
  await crm.ping({ user_id: "u_42" });

  assert.deepEqual(calls.map((call) => call.url), ["/v1/ping", "/v1/ping"]);
  assert.deepEqual(calls.map((call) => call.body), ['{"email":"ada@example.com"}', '{"user_id":"u_42"}']);
  assert.deepEqual(calls.map((call) => call.headers["idempotency-key"]), [undefined, undefined]);
});

test("batch posts its items as they are, once", async (t) => {
  const answer = { version: 7, results: [{ ok: true }, { ok: true }] };
  const { url, calls } = await standIn(t, [200, answer]);
  const items = [{ email: "ada@example.com", params: { plan: "pro" } }, { type: "ping", user_id: "u_42" }];
  assert.deepEqual(await new TinyCRM({ apiKey: "k", baseUrl: url }).batch(items), { ok: true, ...answer });
  assert.equal(calls[0].url, "/v1/batch");
  assert.deepEqual(JSON.parse(calls[0].body), items);
  assert.match(calls[0].headers["idempotency-key"], UUIDV7);
});

test("every call has an idempotency key of its own, and its time in front", async (t) => {
  const { url, calls } = await standIn(t, OK);
  const crm = new TinyCRM({ apiKey: "k", baseUrl: url });
  const before = Date.now();
  await Promise.all(Array.from({ length: 50 }, (_, i) => crm.identify({ email: `${i}@example.com` })));

  const keys = calls.map((call) => call.headers["idempotency-key"]);
  assert.equal(new Set(keys).size, 50);
  for (const key of keys) {
    const time = parseInt(key.replace("-", "").slice(0, 12), 16);
    assert.ok(time >= before && time <= Date.now(), key);
  }
});

test("idempotency keys need no global crypto, which Node 18 lacks", async (t) => {
  const { url, calls } = await standIn(t, OK);
  const crypto = Object.getOwnPropertyDescriptor(globalThis, "crypto");
  delete globalThis.crypto;
  t.after(() => crypto && Object.defineProperty(globalThis, "crypto", crypto));

  const crm = new TinyCRM({ apiKey: "k", baseUrl: url });
  await crm.identify({ email: "ada@example.com" });
  await crm.identify({ email: "ada@example.com" });
  const keys = calls.map((call) => call.headers["idempotency-key"]);
  assert.match(keys[0], UUIDV7);
  assert.notEqual(keys[0], keys[1]);
});

test("a key alone is enough, and TINYCRM_URL says where", async (t) => {
  const { url, calls } = await standIn(t, OK);
  process.env.TINYCRM_URL = url;
  t.after(() => delete process.env.TINYCRM_URL);

  assert.equal((await new TinyCRM("tcrm_proj_2").ping("ada@example.com")).ok, true);
  assert.equal(calls[0].headers.authorization, "Bearer tcrm_proj_2");
});

test("the environment says key and address; what is given wins", async (t) => {
  const { url, calls } = await standIn(t, OK);
  Object.assign(process.env, { TINYCRM_API_KEY: "tcrm_proj_3", TINYCRM_URL: url });
  t.after(() => ["TINYCRM_API_KEY", "TINYCRM_URL"].forEach((name) => delete process.env[name]));

  for (const crm of [new TinyCRM(), new TinyCRM({ retries: 0 }), new TinyCRM("tcrm_proj_2")]) {
    assert.equal((await crm.ping("ada@example.com")).ok, true);
  }
  const keys = calls.map((call) => call.headers.authorization);
  assert.deepEqual(keys, ["Bearer tcrm_proj_3", "Bearer tcrm_proj_3", "Bearer tcrm_proj_2"]);
  const { error } = await new TinyCRM({ apiKey: "" }).ping("ada@example.com");
  assert.deepEqual([error.code, calls.length], ["no_key", 3]);
});

test("a base URL may have a path, and end in slashes and in /v1", async (t) => {
  const { url, calls } = await standIn(t, OK);
  const paths = ["/crm//", "/crm", "/v1", "/v1/", "/crm/v1//", "/crm1", "/v1/crm", ""];
  for (const path of paths) await new TinyCRM({ apiKey: "k", baseUrl: url + path }).ping("ada@example.com");
  assert.deepEqual(
    calls.map((call) => call.url),
    ["/crm/v1/ping", "/crm/v1/ping", "/v1/ping", "/v1/ping", "/crm/v1/ping", "/crm1/v1/ping", "/v1/crm/v1/ping", "/v1/ping"],
  );
});

test("methods can be passed around", async (t) => {
  const { url, calls } = await standIn(t, OK);
  const { identify, ping } = new TinyCRM({ apiKey: "k", baseUrl: url });
  await Promise.all(["a@example.com", "b@example.com"].map(ping));
  await Promise.all([{ email: "c@example.com" }].map(identify));
  assert.equal(calls.length, 3);
});

test("a publishable key's empty answer is a success", async (t) => {
  const { url } = await standIn(t, [202]);
  const result = await new TinyCRM({ apiKey: "tcrm_pub_1", baseUrl: url }).identify({ email: "ada@example.com" });
  assert.deepEqual(result, { ok: true });
});

test("a given fetch is used", async () => {
  const fetch = async (url, { signal, ...request }) => {
    assert.ok(signal instanceof AbortSignal);
    assert.deepEqual([url, request.method, request.keepalive], ["http://crm.test/v1/ping", "POST", false]);
    assert.equal(request.redirect, "manual");
    return new Response('{"version":1}');
  };
  const crm = new TinyCRM({ apiKey: "k", baseUrl: "http://crm.test", fetch });
  assert.deepEqual(await crm.ping("ada@example.com"), { ok: true, version: 1 });
});

test("the CommonJS build works alike", async (t) => {
  const { url, calls } = await standIn(t, OK);
  const sdk = createRequire(import.meta.url)("tinycrm-sdk");
  assert.deepEqual(Object.keys(sdk), ["TinyCRM"]);
  assert.notEqual(sdk.TinyCRM, TinyCRM);
  assert.deepEqual(await new sdk.TinyCRM({ apiKey: "k", baseUrl: url }).ping("ada@example.com"), { ok: true, version: 7 });
  assert.equal(calls.length, 1);
});

test("flush waits for what is under way, and for what began meanwhile", async (t) => {
  let answered = 0;
  const slowly = (response) => setTimeout(() => (answered++, response.end('{"version":7}')), 100);
  const { url } = await standIn(t, slowly);
  const crm = new TinyCRM({ apiKey: "k", baseUrl: url, onError: () => {} });
  assert.equal(await crm.flush(), undefined);

  crm.identify({ email: "a@example.com" }).then(() => crm.ping("b@example.com"));
  crm.identify({ email: "c@example.com", params: { mrr: NaN } });
  const { flush } = crm;
  await flush();
  assert.equal(answered, 2);
});

test("flush waits for the attempts that follow, and never rejects", async (t) => {
  const { url, calls } = await standIn(t, [503], [422]);
  const errors = [];
  const crm = new TinyCRM({ apiKey: "k", baseUrl: url, onError: (error) => errors.push(error) });
  crm.identify({ email: "a@example.com" });
  await crm.flush();
  assert.deepEqual([calls.length, errors.length], [2, 1]);
});
