// Insights: from the navigation to a page, from its question to its numbers, and from a number to its people.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launch, signIn, visit } from "../support/browser.mjs";
import { start } from "../support/server.mjs";

let server, browser, state;

before(async () => {
  [server, browser] = await Promise.all([start(), launch()]);
  const app = await server.project("app");
  const day = (back) => new Date(Date.now() - back * 86_400_000).toISOString();
  // Fifty people over eight weeks; each second one is seen again in each of the four weeks after.
  const calls = Array.from({ length: 50 }, (_, i) => {
    const [came, email] = [60 - i, `p${i}@example.com`];
    const weeks = i % 2 ? [] : [1, 2, 3, 4].filter((week) => came - 7 * week > 0);
    const [status, params] = [i % 3 ? "free" : "paid", { plan: i % 3 ? "free" : "pro", mrr: i % 3 ? 0 : 19.9 }];
    return [0, ...weeks].map((week) => ({ type: "identify", email, status, params, timestamp: day(came - 7 * week) }));
  });
  await server.batch(app, calls.flat());
  const { page, context } = await visit(browser, server);
  await signIn(server, page);
  state = await context.storageState();
});
after(async () => (await browser?.close(), await server?.stop()));

const come = async (path, options = {}) => {
  const visitor = await visit(browser, server, { storageState: state, ...options });
  await visitor.page.goto(path);
  return visitor;
};
const first = (page) => page.locator(".metrics > div", { hasText: "Customers" }).locator("dd").first();

test("the navigation leads to retention, its question into the address, and a cell to its people", async () => {
  const { page, quiet } = await come("/customers");
  await page.getByRole("link", { name: "Insights" }).click();
  await page.getByRole("heading", { name: "Retention" }).waitFor();
  await page.getByLabel("Stayed means").fill("status = paid");
  await page.getByRole("button", { name: "Show" }).click();
  await page.waitForURL(/retained=status/);
  await page.getByText("Staying means here").waitFor();
  const cell = page.locator("table.heat tbody td.over a").first();
  const [, count] = (await cell.getAttribute("title")).match(/^(\d+) of \d+: /);
  await cell.click();
  await page.waitForURL(/\/customers\?/);
  assert.equal(await first(page).innerText(), count);
  await page.goBack();
  assert.equal(await page.getByLabel("Stayed means").inputValue(), "status = paid");
  quiet();
});

test("the file of a page is its table", async () => {
  const { page, context, quiet } = await come("/insights/retention?unit=month");
  const file = await context.request.get(await page.getByRole("link", { name: "CSV" }).getAttribute("href"));
  assert.match(file.headers()["content-disposition"], /retention\.csv/);
  assert.match(await file.text(), /,rate,low,high,filter/);
  quiet();
});

for (const [path, heading] of [["/insights/retention", "Retention"], ["/insights/revenue", "Revenue"], ["/insights/conversion", "Conversion"]]) {
  test(`${heading} works without scripts, and fits a narrow screen in both colours`, async () => {
    for (const colorScheme of ["light", "dark"]) {
      const viewport = { width: 390, height: 800 };
      const { page, quiet } = await come(path, { javaScriptEnabled: false, colorScheme, viewport });
      await page.getByRole("heading", { name: heading, level: 1 }).waitFor();
      assert.equal(await page.locator("#view").count(), 1);
      const widest = await page.locator("html").evaluate((whole) => whole.scrollWidth);
      assert.ok(widest <= 390, `${path} is ${widest} wide`);
      await page.getByText("How this is computed").click();
      await page.locator(".formula .equation").first().waitFor();
      await page.locator("#filter").fill("plan = pro");
      await page.getByRole("button", { name: "Filter" }).click();
      await page.waitForURL(/filter=plan/);
      await page.locator(".english").waitFor();
      quiet();
    }
  });
}
