// Home: a newcomer's tasks, in at most three clicks from the address itself, with scripts and without.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before, test } from "node:test";
import { launch, signIn, visit } from "../support/browser.mjs";
import { start } from "../support/server.mjs";

let server, browser, state;

const day = (days) => new Date(Date.now() + days * 86_400_000).toISOString();

before(async () => {
  [server, browser] = await Promise.all([start(), launch()]);
  const app = await server.project("app");
  const news = await server.project("news");
  for (const [key, email, status, timestamp, params] of [
    [app, "ada", "paid", day(-60), { mrr: 29, currency: "EUR" }],
    [app, "bob", "paid", day(-60), { mrr: 19, currency: "EUR" }],
    [app, "bob", "churned", day(-5), {}],
    [app, "cyd", "trial", day(-3), { trial_ends: day(3) }],
    [app, "dan", "trial", day(-3), { trial_ends: day(20) }],
    [news, "ada", "paid", day(-40), { mrr: 5, currency: "EUR" }],
    [news, "eve", "free", day(0), {}],
  ]) {
    await server.identify(key, { email: `${email}@example.com`, status, timestamp, params });
  }
  const { page, context } = await visit(browser, server);
  await signIn(server, page);
  state = await context.storageState();
});
after(async () => (await browser?.close(), await server?.stop()));

/** The address itself, as soon as history is in memory. */
const come = async (options) => {
  const visitor = await visit(browser, server, { storageState: state, ...options });
  for (let i = 0; i < 40; i++) {
    await visitor.page.goto("/");
    if (await visitor.page.locator(".became").count()) break;
    await visitor.page.waitForTimeout(250);
  }
  await visitor.page.getByRole("heading", { name: "Your products today" }).waitFor();
  return visitor;
};

for (const [how, options] of [["with scripts", {}], ["without scripts", { javaScriptEnabled: false }]]) {
  test(`who left in the last 30 days is a click away, ${how}`, async () => {
    const { page, quiet } = await come(options);
    await page.getByRole("link", { name: "Who left in the last 30 days" }).click();
    await page.getByRole("heading", { name: "What changed" }).waitFor();
    assert.deepEqual(await page.locator(".became .who a").allInnerTexts(), ["bob@example.com"]);
    assert.match(await page.locator(".became .sides").innerText(), /paid\s*→\s*churned/);
    quiet();
  });

  test(`trials that end this week are a file in three clicks, ${how}`, async () => {
    const { page, quiet } = await come(options);
    await page.getByRole("link", { name: "Segments" }).click();
    await page.getByRole("link", { name: "Trial ends in the next 7 days", exact: true }).waitFor();
    const download = page.waitForEvent("download");
    await page.getByRole("link", { name: "Trial ends in the next 7 days as CSV" }).click();
    const lines = (await readFile(await (await download).path(), "utf8")).trim().split(/\r?\n/);
    assert.equal(lines.length, 2);
    assert.match(lines[1], /^cyd@example\.com,/);
    quiet();
  });

  test(`a segment is changed after a look at who enters and leaves, ${how}`, async () => {
    const { page, quiet } = await come(options);
    await page.goto("/customers?filter=" + encodeURIComponent("status = paid"));
    await page.locator("summary", { hasText: "Save as segment" }).click();
    await page.getByLabel("Name").fill(`Payers ${how}`);
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByRole("heading", { name: `Payers ${how}` }).waitFor();
    await page.locator("#filter").fill("status = trial");
    await page.getByRole("button", { name: "Show what would change" }).click();
    await page.getByText("2 customers").first().waitFor();
    assert.match(await page.locator(".preview").innerText(), /2 customers\s+would enter,\s+1 customer\s+would leave/);
    await page.getByRole("button", { name: "Save" }).click();
    await page.locator(".kept", { hasText: 'status = "trial"' }).waitFor();
    assert.equal(await page.locator(".large .number").innerText(), "2");
    await page.locator("summary", { hasText: "Delete" }).click();
    await page.getByRole("button", { name: "Delete this segment" }).click();
    await page.waitForURL("**/segments");
    quiet();
  });
}

test("the days are chosen, a kind is a click, and back leads back", async () => {
  const { page, quiet } = await come();
  await page.getByRole("link", { name: "What changed" }).first().click();
  await page.getByRole("link", { name: "Last 30 days" }).click();
  await page.waitForURL(/period=last/);
  await page.getByRole("link", { name: /^Left/ }).click();
  await page.waitForURL(/kinds=churned/);
  await page.getByRole("link", { name: "1 customer in the table" }).waitFor();
  await page.goBack();
  await page.waitForURL((url) => !url.search.includes("kinds"));
  await page.getByText("Other days").click();
  await page.getByLabel("From").fill(day(-70).slice(0, 10));
  await page.getByRole("button", { name: "Show" }).click();
  await page.waitForURL(/period=20/);
  await page.locator(".became").getByText("ada@example.com").first().waitFor();
  quiet();
});

for (const path of ["/home", "/changes?period=last%2030%20days", "/segments", "/segments/won-back"]) {
  test(`${path} fits a narrow screen in both colours`, async () => {
    for (const colorScheme of ["light", "dark"]) {
      const viewport = { width: 390, height: 800 };
      const { page, quiet } = await visit(browser, server, { storageState: state, colorScheme, viewport });
      await page.goto(path);
      assert.equal(await page.locator("#view").count(), 1);
      const widest = await page.locator("html").evaluate((whole) => whole.scrollWidth);
      assert.ok(widest <= 390, `${path} is ${widest} wide`);
      quiet();
    }
  });
}
