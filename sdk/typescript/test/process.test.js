// What a whole process sees: warnings, and when it may end.
import assert from "node:assert/strict";
import { test } from "node:test";
import { run } from "./run.js";
import { standIn } from "./standin.js";

const OK = [200, { version: 7 }];

test("a call that nobody awaits is sent, and then the process ends", async (t) => {
  const { url, calls } = await standIn(t, OK);
  const { code, stderr, ms } = await run(`
    new TinyCRM({ apiKey: "k", baseUrl: "${url}", timeout: 60_000 }).identify({ email: "ada@example.com" });`);
  assert.deepEqual([code, stderr, calls.length], [0, "", 1]);
  assert.ok(ms < 10_000, `${ms} ms`);
});

test("a call that nobody awaits is tried again before the process ends", async (t) => {
  const { url, calls } = await standIn(t, [503], OK);
  const { code } = await run(`new TinyCRM({ apiKey: "k", baseUrl: "${url}" }).ping("ada@example.com");`);
  assert.deepEqual([code, calls.length], [0, 2]);
});

test("awaiting a server that is not there ends the process well", async () => {
  const { code, stdout, stderr } = await run(`
    const crm = new TinyCRM({ apiKey: "k", baseUrl: "http://127.0.0.1:1", retries: 1 });
    console.log((await crm.identify({ email: "ada@example.com" })).ok);`);
  assert.deepEqual([code, stdout], [0, "false\n"]);
  assert.match(stderr, /http:\/\/127\.0\.0\.1:1\/v1\/identify/);
});

test("without a key it warns once and does nothing", async (t) => {
  const { url, calls } = await standIn(t, OK);
  const { code, stdout, stderr } = await run(`
    for (const options of [undefined, "", { apiKey: process.env.MISSING, baseUrl: "${url}" }]) {
      const crm = new TinyCRM(options);
      const results = [await crm.identify({ email: "ada@example.com" }), await crm.ping("ada@example.com")];
      for (const { ok, error } of results) console.log(ok, error.code);
    }`);
  assert.deepEqual([code, stdout], [0, "false no_key\n".repeat(6)]);
  assert.match(stderr, /^TinyCRM: no apiKey.*\n$/);
  assert.equal(calls.length, 0);
});

test("in a browser it warns of keys that are not publishable, and keeps small calls alive", async () => {
  const { stdout } = await run(`
    console.warn = console.log;
    const keepalive = [];
    const fetch = async (url, request) => (keepalive.push(request.keepalive), new Response(""));
    const crm = new TinyCRM({ apiKey: "tcrm_pub_1", fetch });
    await crm.identify({ email: "ada@example.com" });
    await crm.identify({ email: "ada@example.com", params: { essay: "é".repeat(20_000) } });
    console.log(keepalive);
    new TinyCRM({ apiKey: "tcrm_proj_1", fetch });`, "globalThis.window = globalThis;");
  assert.match(stdout, /^\[ true, false \]\nTinyCRM: .*publishable.*\n$/);
});

test("whoever prints a client does not print its key", async () => {
  const { stdout } = await run(`
    const crm = new TinyCRM({ apiKey: "tcrm_proj_secret" });
    const { inspect } = await import("node:util");
    console.log(inspect(crm, { depth: 9, showHidden: true }), JSON.stringify(crm), String(crm));`);
  assert.match(stdout, /identify/);
  assert.doesNotMatch(stdout, /secret/);
});
