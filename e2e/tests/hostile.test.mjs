// Nothing that a customer or an app sends is ever run: payloads in e-mails, names, keys, values and project names, through every screen.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launch, signIn, visit } from "../support/browser.mjs";
import { start } from "../support/server.mjs";

const ACTS = ["pwned(1)", "pwned`1`", "alert(1)", "top.pwned(1)"];
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

test(`${PAYLOADS.length * 4} payloads go through every screen, none is run`, async () => {
  assert.ok(PAYLOADS.length * 4 >= 200);
  const project = await server.project("app", "--name", PAYLOADS[0]);
  const item = (payload, i) => ({
    type: "identify",
    email: `x${i}@example.com`,
    name: payload.slice(0, 200),
    user_id: payload.slice(0, 200),
    params: { [payload]: payload, list: [payload], deep: { [payload]: { [payload]: payload } }, plan: payload, mrr: i },
  });
  await server.batch(project, PAYLOADS.map(item));
  await server.batch(project, PAYLOADS.map((payload, i) => ({ type: "identify", email: `x${i}@example.com`, params: { plan: `again ${payload}` } })));
  await server.identify(project, { email: `"<script>pwned(2)</script>"@example.com` }).catch(() => {}); // refused or shown as text
  const { page, faults } = await visit(browser, server);
  await signIn(server, page);

  const column = (payload) => `params.${JSON.stringify(payload)}`;
  const screens = ["/customers", "/customers?project=app", "/projects", "/projects/app", "/projects/app/start", "/segments", "/members", "/keys", "/settings"];
  for (const path of screens) await look(page, path);
  for (const payload of PAYLOADS) {
    const filter = encodeURIComponent(payload);
    const condition = encodeURIComponent(`${column(payload)} = ${JSON.stringify(payload)}`);
    await look(page, `/customers?filter=${filter}&project=app`);
    await look(page, `/customers?filter=${condition}&columns=${encodeURIComponent(column(payload))}&sum=${encodeURIComponent(column(payload))}`);
  }
  for (let i = 0; i < PAYLOADS.length; i += 4) await look(page, `/customers/x${i}@example.com`);
  for (const payload of PAYLOADS.slice(0, 25)) {
    await look(page, `/sign-in?next=${encodeURIComponent(payload)}`);
    await look(page, `/${encodeURIComponent(payload)}`);
    await look(page, `/customers?project=${encodeURIComponent(payload)}&sort=${encodeURIComponent(payload)}`);
  }
  // Refused addresses are 4xx, which browsers log; everything else would be a fault.
  assert.deepEqual(faults.filter((fault) => !/status of 4\d\d/.test(fault)), []);
});

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
  for (const payload of PAYLOADS.filter((_, i) => i % 9 === 0)) {
    await page.locator("#filter").fill(`${payload} `);
    await page.waitForTimeout(120);
    assert.equal(await page.locator(".ink").innerText().then((text) => text.trim()), payload.trim());
  }
  quiet();
});
