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
    const [status, plan, mrr] = i % 3 ? ["free", "free", 0] : ["paid", "pro", 19.9];
    const params = { plan, mrr, referral_code: `code-${i}`, ...(i % 4 === 1 && { referred_by: `code-${i % 8}` }) };
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

/** Asks a page something by one of its controls, and follows a mark to as many people as it says. */
const follow = async ({ path, ask, url, mark }) => {
  const { page, quiet } = await come(path);
  await ask(page);
  await page.waitForURL(url);
  const link = page.locator(mark).first();
  const [, count] = (await link.getAttribute("title")).match(/^([\d,]+) (?:of|person|people)/);
  await link.click();
  await page.waitForURL(/\/customers\?/);
  assert.equal(await first(page).innerText(), count);
  quiet();
};
const show = (page) => page.getByRole("button", { name: "Show" }).click();

test("what goes with staying is asked of one path, and a share leads to its people", () =>
  follow({
    path: "/insights/lift",
    ask: async (page) => (await page.getByLabel("What may go with it").fill("plan"), await show(page)),
    url: /fields=plan/,
    mark: "table.both tbody td a[title*=' of ']",
  }));

test("referrals are put in another order, and a code leads to who came by it", () =>
  follow({
    path: "/insights/referrals",
    ask: async (page) => (await page.getByLabel("First by").selectOption("sign_ups"), await show(page)),
    url: /order=sign_ups/,
    mark: "table.both tbody td:not(.beams) a",
  }));

test("who came by a code in some time is a part of the filter", async () => {
  const { page, quiet } = await come("/insights/referrals");
  await page.getByLabel("Came from").fill("2020-01-01");
  await show(page);
  await page.waitForURL(/filter=first/);
  assert.equal(await page.locator("#filter").inputValue(), "first_seen >= 2020-01-01");
  quiet();
});

test("a breakdown gets columns, and a cell leads to its people", () =>
  follow({
    path: "/insights/breakdown",
    ask: async (page) => (await page.getByLabel("Columns").fill("plan"), await show(page)),
    url: /across=plan/,
    mark: "table.sums:not(.piles) tbody td a",
  }));

test("a day of the past is said, kept by the links, and left again", async () => {
  const { page, quiet } = await come("/insights/breakdown?by=plan");
  await page.locator("summary", { hasText: "Today" }).click();
  const day = new Date(Date.now() - 30 * 86_400_000).toISOString().slice(0, 10);
  await page.getByLabel("As it was at the end of").fill(day);
  await page.locator(".drop").getByRole("button", { name: "Show" }).click();
  await page.waitForURL(new RegExp(`as_of=${day}`));
  await page.locator(".banner.past").waitFor();
  const link = page.locator("table.sums:not(.piles) tbody td a").first();
  const [, count] = (await link.getAttribute("title")).match(/^(\d+) /);
  await link.click();
  await page.waitForURL(new RegExp(`/customers.*as_of=${day}`));
  assert.equal(await first(page).innerText(), count);
  await page.goBack();
  await page.getByRole("link", { name: "Back to today" }).click();
  await page.waitForURL((url) => !url.search.includes("as_of"));
  quiet();
});

const PAGES = [
  ["/insights/retention", "Retention"],
  ["/insights/revenue", "Revenue"],
  ["/insights/conversion", "Conversion"],
  ["/insights/referrals", "Referrals"],
  ["/insights/lift", "What goes with staying"],
  ["/insights/breakdown", "Breakdown"],
];
for (const [path, heading] of PAGES) {
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

test("overlap sets a second project beside the first, and a cell leads to the customers of both", async () => {
  const other = await server.project("blog");
  await server.batch(other, Array.from({ length: 20 }, (_, i) => ({ type: "identify", email: `p${i}@example.com`, params: { plan: "pro" } })));
  await follow({
    path: "/insights/overlap",
    ask: async (page) => {
      await page.locator("#filter").fill("plan = pro");
      await page.getByRole("button", { name: "Filter" }).click();
    },
    url: /filter=plan/,
    mark: "table.heat td.over a",
  });
});
