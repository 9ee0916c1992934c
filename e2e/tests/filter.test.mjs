// The filter without its language: pills, ranges that are drawn, keys that are found, what was asked last, and what leaves
// everybody out; each with scripts, and without them where a form does it.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launch, signIn, visit } from "../support/browser.mjs";
import { start } from "../support/server.mjs";

let server, browser, state;

before(async () => {
  [server, browser] = await Promise.all([start(), launch()]);
  const app = await server.project("app");
  await server.batch(
    app,
    Array.from({ length: 60 }, (_, i) => ({
      type: "identify",
      email: `p${i}@example.com`,
      status: i % 3 ? "free" : "paid",
      params: { plan: i % 3 ? "free" : "pro", mrr: i, beta: i % 2 === 0, company: { size: i % 7, city: "Bonn" } },
    })),
  );
  const { page, context } = await visit(browser, server);
  await signIn(server, page);
  state = await context.storageState();
  // The rail comes with the page once the index is there.
  for (let i = 0; i < 100; i++) {
    await page.goto("/customers");
    if ((await page.content()).includes('class="facet"')) break;
    await page.waitForTimeout(100);
  }
});
after(async () => (await browser?.close(), await server?.stop()));

const come = async (path, options = {}) => {
  const visitor = await visit(browser, server, { storageState: state, ...options });
  await visitor.page.goto(path);
  return visitor;
};
const under = (filter) => `/customers?filter=${encodeURIComponent(filter)}`;
const text = (page) => page.locator("#filter").inputValue();
const count = (page) => page.locator(".metrics > div", { hasText: "Customers" }).locator(".number").first().innerText();
const facet = (page, key) => page.locator(".rail .facet", { has: page.locator(`summary code`, { hasText: new RegExp(`^${key}$`) }) });
const shows = (page, filter) => page.waitForURL((url) => (url.searchParams.get("filter") ?? "") === filter);

for (const javaScriptEnabled of [true, false]) {
  const how = javaScriptEnabled ? "with scripts" : "without scripts";

  test(`a pill turns round, changes and goes, ${how}`, async () => {
    const { page, quiet } = await come(under("plan = pro and mrr > 20"), { javaScriptEnabled });
    const pills = page.locator(".pills .clause");
    assert.deepEqual(await pills.locator("summary code").allInnerTexts(), ["plan = pro", "mrr > 20"]);
    await page.getByRole("link", { name: "Exclude plan = pro" }).click();
    await shows(page, 'params.plan != "pro" and params.mrr > 20');
    await pills.nth(1).locator("summary").click();
    await pills.nth(1).getByLabel("Operator of mrr").selectOption("<=");
    await pills.nth(1).getByLabel("Value").fill("10");
    await pills.nth(1).getByRole("button", { name: "Change" }).click();
    await shows(page, 'params.plan != "pro" and params.mrr <= 10');
    assert.equal(await count(page), "7");
    await page.getByRole("link", { name: "Drop mrr <= 10" }).click();
    await shows(page, 'params.plan != "pro"');
    assert.equal(await count(page), "40");
    quiet();
  });

  test(`a range is chosen by its form, and times have ready ones, ${how}`, async () => {
    const { page, quiet } = await come(under("plan = free"), { javaScriptEnabled });
    const mrr = facet(page, "mrr");
    await mrr.getByLabel("mrr from").fill("10");
    await mrr.getByLabel("mrr to", { exact: true }).fill("19.5");
    await mrr.getByRole("button", { name: "Narrow mrr to this range" }).click();
    await shows(page, 'params.plan = "free" and params.mrr >= 10 and params.mrr <= 19.5');
    assert.equal(await count(page), "7");
    assert.equal(await mrr.getByLabel("mrr from").inputValue(), "10");
    const seen = facet(page, "first_seen");
    assert.equal(await seen.getAttribute("open"), null);
    quiet();
  });

  test(`nobody is told which condition to drop, ${how}`, async () => {
    const { page, quiet } = await come(under("plan = pro and mrr > 100"), { javaScriptEnabled });
    assert.match(await page.locator(".excluders").innerText(), /20 customers without mrr > 100/);
    await page.locator(".excluders").getByRole("link", { name: "20 customers" }).click();
    await shows(page, 'params.plan = "pro"');
    assert.equal(await count(page), "20");
    quiet();
  });

  test(`what was asked last is a click away, ${how}`, async () => {
    const { page, quiet } = await come(under("mrr = 7"), { javaScriptEnabled });
    await page.goto("/customers");
    await page.getByText("Recent", { exact: true }).click();
    await page.locator(".recent").getByRole("link", { name: "mrr = 7", exact: true }).click();
    await shows(page, "mrr = 7");
    quiet();
  });

  test(`a key is found by its name, and an object unfolds, ${how}`, async () => {
    const { page, quiet } = await come("/customers", { javaScriptEnabled });
    const company = page.locator(".rail .object");
    assert.equal(await company.locator("> summary code").innerText(), "company");
    await page.getByLabel("Find a key").fill("SIZ");
    if (javaScriptEnabled) {
      await facet(page, "plan").first().waitFor({ state: "hidden" });
      assert.ok(await company.isVisible());
    }
    await page.getByLabel("Find a key").press("Enter");
    await page.waitForURL(/rail_q=SIZ/);
    assert.equal(await facet(page, "plan").count(), 0);
    assert.equal(await page.locator(".rail .object code", { hasText: "company.size" }).count(), 1);
    quiet();
  });
}

test("a range is drawn over bars with the mouse", async () => {
  const { page, quiet } = await come("/customers");
  const bars = facet(page, "mrr").locator("svg a");
  await bars.first().scrollIntoViewIfNeeded();
  const [one, other] = [await bars.nth(1).boundingBox(), await bars.nth(3).boundingBox()];
  const [from, to] = [await bars.nth(1).getAttribute("data-from"), await bars.nth(3).getAttribute("data-to")];
  const middle = (box) => [box.x + box.width / 2, box.y + box.height / 2];
  await page.mouse.move(...middle(other));
  await page.mouse.down();
  await page.mouse.move(...middle(one), { steps: 5 });
  await page.mouse.up();
  await shows(page, `params.mrr >= ${from} and params.mrr < ${to}`);
  assert.equal(await count(page), String(to - from));
  assert.equal(await facet(page, "mrr").locator("svg a[aria-current]").count(), 3, "the range is marked");
  await facet(page, "mrr").locator("svg a").first().click();
  await shows(page, `params.mrr >= 0 and params.mrr < ${from}`);
  quiet();
});

test("a range is drawn over bars with the keyboard", async () => {
  const { page, quiet } = await come("/customers");
  const bars = facet(page, "mrr").locator("svg a");
  const [from, to] = [await bars.nth(1).getAttribute("data-from"), await bars.nth(3).getAttribute("data-to")];
  await bars.first().focus();
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("Shift+ArrowRight");
  await page.keyboard.press("Shift+ArrowRight");
  assert.equal(await facet(page, "mrr").locator("svg a.drawn").count(), 3);
  await page.keyboard.press("Enter");
  await shows(page, `params.mrr >= ${from} and params.mrr < ${to}`);
  quiet();
});

test("the list takes the first with Tab, in the shortest spelling, and says so", async () => {
  const { page, quiet } = await come("/customers");
  await page.keyboard.press("/");
  await page.keyboard.type("mr");
  const first = page.locator(".help li").first();
  await first.waitFor();
  assert.match(await first.innerText(), /mrr\s*number · 60/);
  assert.equal(await first.evaluate((option) => getComputedStyle(option, "::after").content), '"Tab"');
  await page.keyboard.press("Tab");
  assert.equal(await text(page), "mrr ");
  quiet();
});
