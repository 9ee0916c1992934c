// The SDK in a real browser, imported from the server by a page of another site.

import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { after, before, test } from "node:test";
import { launch, visit } from "../support/browser.mjs";
import { start } from "../support/server.mjs";

let server, browser, secret, publishable;
before(async () => {
  [server, browser] = await Promise.all([start(), launch()]);
  secret = await server.project("landing");
  ({ key: publishable } = await server.cli("key", "create", "--project", "landing", "--kind", "publishable"));
});
after(async () => (await browser?.close(), await server?.stop()));

/** Another site: its address. */
async function site(t, answer) {
  const site = createServer(answer).listen(0, "127.0.0.1");
  await once(site, "listening");
  t.after(() => (site.close(), site.closeAllConnections()));
  return `http://localhost:${site.address().port}`;
}

/** Opens a page of another site that has the SDK as `TinyCRM`, after `before` has changed what the browser has. */
async function open(t, before) {
  const url = await site(t, (_, response) => {
    response.writeHead(200, { "content-type": "text/html" });
    response.end(`<!doctype html><link rel="icon" href="data:,"><script type="module">
      import { TinyCRM } from "${server.url}/sdk/tinycrm.js";
      window.TinyCRM = TinyCRM;</script>`);
  });
  const visitor = await visit(browser, server);
  if (before) await visitor.page.addInitScript(before);
  await visitor.page.goto(url);
  await visitor.page.waitForFunction(() => window.TinyCRM);
  return visitor;
}

/** Makes a call in a page; its result, errors as plain objects. */
function call(page, options, method, argument) {
  return page.evaluate(
    async ([options, method, argument]) => {
      const { error, ...result } = await new TinyCRM({ onError: () => {}, ...options })[method](argument);
      return error ? { ...result, code: error.code, message: error.message } : result;
    },
    [options, method, argument],
  );
}

async function count(filter) {
  const response = await fetch(`${server.url}/v1/query?filter=${encodeURIComponent(filter)}`, {
    headers: { authorization: `Bearer ${secret}`, accept: "text/plain" },
  });
  return Number(await response.text());
}

test("a page of another site imports it and identifies a visitor", async (t) => {
  const { page, quiet } = await open(t);
  const options = { apiKey: publishable, baseUrl: server.url };
  assert.equal((await call(page, options, "identify", { email: "ada@example.com", set_once: { source: "landing" } })).ok, true);
  assert.equal((await call(page, options, "ping", "ada@example.com")).ok, true);
  assert.equal(await count('params.source = "landing"'), 1);
  quiet();
});

test("it works without the parts that Safari before 16 lacks, and keeps its timeout", async (t) => {
  const { page, quiet } = await open(t, () => {
    delete AbortSignal.timeout;
    delete window.AbortController;
    delete Object.hasOwn;
  });
  const options = { apiKey: publishable, baseUrl: server.url };
  assert.equal((await call(page, options, "identify", { email: "grace@example.com" })).ok, true);
  assert.equal(await count('email = "grace@example.com"'), 1);

  const silent = await site(t, () => {});
  const late = await call(page, { apiKey: publishable, baseUrl: silent, timeout: 100, retries: 0 }, "ping", "ada@example.com");
  assert.deepEqual(late, { ok: false, code: "unreachable", message: `${silent}/v1/ping: no answer within 100 ms` });
  quiet();
});

test("a call outlives the page that made it", async (t) => {
  const { page } = await open(t);
  await page.evaluate(([apiKey, baseUrl]) => {
    new TinyCRM({ apiKey, baseUrl }).identify({ email: "leaving@example.com" });
    location.href = "about:blank";
  }, [publishable, server.url]);
  for (let look = 0; look < 100 && !(await count('email = "leaving@example.com"')); look++) {
    await new Promise((resume) => setTimeout(resume, 50));
  }
  assert.equal(await count('email = "leaving@example.com"'), 1);
});

test("a redirect in front of the server is told", async (t) => {
  const url = await site(t, (request, response) => {
    const allowed = { "access-control-allow-origin": "*", "access-control-allow-headers": "authorization, content-type" };
    response.writeHead(request.method === "OPTIONS" ? 204 : 301, { ...allowed, location: "https://localhost/v1/ping" }).end();
  });
  const { page } = await open(t);
  const { code, message } = await call(page, { apiKey: publishable, baseUrl: url }, "ping", "ada@example.com");
  assert.equal(code, "redirected");
  assert.ok(message.includes(`use ${url.replace("http:", "https:")} as TINYCRM_URL`), message);
});

test("a secret key in a page is warned of, and a broken one named and not printed", async (t) => {
  const { page } = await open(t);
  const warned = page.waitForEvent("console", (message) => message.type() === "warning");
  const options = { apiKey: `${secret}\n`, baseUrl: server.url };
  const { code, message } = await call(page, options, "ping", "ada@example.com");
  assert.deepEqual([code, message], ["invalid_key", "apiKey has a line break in it, which does not belong there"]);
  assert.match((await warned).text(), /publishable/);
});
