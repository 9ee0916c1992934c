// Where parts of the platform are missing or different: Safari before 16, React Native, Node 18, Next.js, Workers.
import assert from "node:assert/strict";
import { test } from "node:test";
import { TinyCRM } from "tinycrm-sdk";
import { run } from "./run.js";
import { standIn } from "./standin.js";

const OK = [200, { version: 7 }];

/** Node's own fetch needs what is taken away; this one does not, nor does it know of aborting. */
const PLAIN = `
  const { request } = await import("node:http");
  globalThis.fetch = (url, { body, ...options }) => new Promise((resolve, reject) => {
    const call = request(url, options, async (answer) => {
      let text = "";
      for await (const part of answer) text += part;
      resolve({ ok: answer.statusCode < 300, status: answer.statusCode, headers: new Headers(), text: async () => text });
    });
    call.on("error", reject).end(body);
  });`;

const parts = {
  "AbortSignal.timeout": "delete AbortSignal.timeout;",
  AbortController: `${PLAIN} delete globalThis.AbortController; delete globalThis.AbortSignal;`,
  crypto: "delete globalThis.crypto;",
  "crypto.randomUUID": "if (globalThis.crypto) Object.defineProperty(crypto, 'randomUUID', { value: undefined });",
  Request: "delete globalThis.Request;",
  process: "delete globalThis.process;",
};

for (const [name, take] of Object.entries(parts)) {
  test(`without ${name} calls are made, given up in time, and tried again`, async (t) => {
    const silence = () => {};
    const { url, calls } = await standIn(t, silence, [503], OK);
    // Node's own fetch finds its parts first. The exit is for what cannot be aborted.
    const before = `await fetch("data:,"); const { exit } = process; ${take}`;
    const { stdout, stderr } = await run(`
      const crm = new TinyCRM({ apiKey: "k", baseUrl: "${url}", timeout: 200 });
      console.log((await crm.identify({ email: "ada@example.com" })).version);
      exit();`, before);
    assert.deepEqual([stdout, stderr, calls.length], ["7\n", "", 3]);
    assert.match(calls[0].headers["idempotency-key"], /^[0-9a-f-]{36}$/);
  });
}

/** What fetch was asked for. */
async function asked(options) {
  let asked;
  const fetch = async (_, request) => ((asked = request), new Response('{"version":1}'));
  await new TinyCRM({ apiKey: "k", fetch, ...options }).identify({ email: "ada@example.com" });
  return asked;
}

test("no answer is taken from a cache, as Next.js would", async () => {
  assert.equal((await asked()).cache, "no-store");
});

test("the cache is not spoken of where that word throws, as in older Workers", async (t) => {
  const { Request } = globalThis;
  t.after(() => (globalThis.Request = Request));
  globalThis.Request = class {
    constructor(_, { cache }) {
      if (cache) throw new Error("The 'cache' field on 'RequestInitializerDict' is not implemented.");
    }
  };
  assert.ok(!("cache" in (await asked())));
});

test("a timeout longer than timers can wait is not none at all", async () => {
  for (const timeout of [Infinity, 2 ** 40]) assert.ok(await asked({ timeout }));
});

test("a timeout is kept although fetch does not listen", async () => {
  const fetch = () => new Promise(() => {});
  const crm = new TinyCRM({ apiKey: "k", fetch, timeout: 50, retries: 0, onError: () => {} });
  const { error } = await crm.ping("ada@example.com");
  assert.deepEqual([error.code, error.message], ["unreachable", "http://localhost:7878/v1/ping: no answer within 50 ms"]);
});
