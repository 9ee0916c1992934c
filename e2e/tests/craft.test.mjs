// Every page, in both themes and both widths: nothing that a screen reader or an eye stumbles over (axe), no page wider than its
// screen. What a page weighs and how soon it is painted is printed, not judged.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { launch, signIn, visit } from "../support/browser.mjs";
import { start } from "../support/server.mjs";

const AXE = readFileSync(new URL("../node_modules/axe-core/axe.min.js", import.meta.url), "utf8");
const NARROW = { width: 390, height: 844 };

let server, browser, state, pages;
before(async () => {
  [server, browser] = await Promise.all([start(), launch()]);
  await server.cli("demo", "--customers", "300");
  const key = await server.project("mine");
  for (const [i, status] of ["paid", "trial", "free", "churned"].entries()) {
    await server.identify(key, { email: `p${i}@example.com`, status, params: { plan: "pro", mrr: i, beta: i > 1, tags: ["a"] } });
  }
  const { page, context } = await visit(browser, server);
  await signIn(server, page);
  state = await context.storageState();
  await page.goto("/customers?filter=p1");
  const person = await page.locator("td.who a").first().getAttribute("href");
  pages = [...PAGES, person, `${person}/edit?project=mine&field=status`, `${person}/merge?other=p2@example.com`];
  pages.push(`${person}/correct?project=mine`, `${person}/move`, `${person}/why?filter=plan+%3D+pro`, `${person}/json`);
  await context.close();
});
after(async () => (await browser?.close(), await server?.stop()));

const PAGES = [
  "/home", "/home?test=1", "/changes", "/changes?test=1&period=last+30+days",
  "/customers", "/customers?test=1", "/customers?project=mine", "/customers?filter=nobody-at-all", "/customers?filter=mrr+over",
  "/customers?test=1&as_of=2026-01-01", "/customers?test=1&filter=plan+%3D+pro+and+status+%3D+paid",
  ...["retention", "revenue", "conversion", "referrals", "lift", "overlap", "breakdown"].flatMap((name) => [
    `/insights/${name}`, `/insights/${name}?test=1`,
  ]),
  "/segments", "/segments/new-this-week", "/imports", "/acts", "/projects", "/projects/mine", "/projects/mine/start",
  "/new-project", "/keys", "/members", "/settings", "/password", "/nothing-is-here",
];

/** What axe finds on a page. */
async function findings(page) {
  await page.evaluate(AXE);
  const { violations } = await page.evaluate(() => window.axe.run(document, { resultTypes: ["violations"] }));
  return violations.map(({ id, nodes }) => `${id}: ${nodes.slice(0, 3).map(({ html }) => html.slice(0, 160)).join(" | ")}`);
}

for (const colorScheme of ["light", "dark"]) {
  test(`axe finds nothing on any page, ${colorScheme}`, async () => {
    const { page } = await visit(browser, server, { colorScheme, storageState: state });
    const wrong = [];
    for (const path of pages) {
      await page.goto(path);
      await page.locator("#view").waitFor();
      await page.waitForLoadState("networkidle");
      for (const finding of await findings(page)) wrong.push(`${path}: ${finding}`);
    }
    assert.deepEqual(wrong, []);
    await page.context().close();
  });
}

test("no page is wider than a phone", async () => {
  const { page } = await visit(browser, server, { viewport: NARROW, storageState: state });
  const wide = [];
  for (const path of pages) {
    await page.goto(path);
    await page.waitForLoadState("networkidle");
    const width = await page.evaluate(() => document.documentElement.scrollWidth);
    if (width > NARROW.width) wide.push(`${path}: ${width}`);
  }
  assert.deepEqual(wide, []);
  await page.context().close();
});

test("what pages weigh, and how soon they are painted", async (t) => {
  for (const path of pages.filter((path) => !path.includes("nothing-is-here"))) {
    const { page } = await visit(browser, server, { storageState: state });
    await page.goto(path);
    await page.waitForLoadState("networkidle");
    const { bytes, paint } = await page.evaluate(() => {
      const all = [...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")];
      const bytes = all.reduce((sum, entry) => sum + entry.transferSize, 0);
      return { bytes, paint: performance.getEntriesByName("first-contentful-paint")[0]?.startTime };
    });
    t.diagnostic(`${path}: ${(bytes / 1000).toFixed(1)} kB, first paint ${paint?.toFixed(0)} ms`);
    assert.ok(bytes > 0);
    await page.context().close();
  }
});

/** Names as people give them: long ones, one from right to left, one that is a picture, one word that cannot be broken. */
const NAMES = ["مشروع تجريبي للاختبار", "🚀🦄", "w".repeat(100), "Newsletter of the Department of Long and Winding Names, Berlin"];
const MANY = 40;

test("no page is wider than its window with forty projects", async () => {
  const own = await start();
  try {
    for (let i = 0; i < MANY; i++) {
      const key = await own.project(`p-${i}`, "--name", NAMES[i % 8] ?? `Project number ${i}`);
      // One person is in all of them, so that their page and the overlap are of forty.
      const calls = ["all", `own${i}`].map((name) => (
        { email: `${name}@example.com`, status: "paid", params: { plan: "pro", mrr: 1234.5 * (i + 1), currency: "EUR" } }
      ));
      await own.batch(key, calls);
    }
    const { page, context } = await visit(browser, own);
    await signIn(own, page);
    await page.goto("/customers?filter=all%40example.com");
    const person = await page.locator("td.who a").first().getAttribute("href");
    const paths = [
      "/home", "/changes", "/customers", "/customers?rail=1", "/customers?project=p-2", "/customers?filter=project+%3D+p-2",
      person, `${person}/edit?project=p-2&field=status`, `${person}/move`, `${person}/why?filter=plan+%3D+pro`,
      "/insights/overlap", "/insights/revenue", "/insights/retention", "/insights/breakdown?by=project",
      "/insights/breakdown?by=status&across=project", "/segments", "/imports", "/acts", "/projects", "/projects/p-2",
      "/projects/p-2/start", "/keys", "/members", "/settings",
    ];
    const wide = [];
    for (const viewport of [{ width: 1440, height: 900 }, NARROW]) {
      await page.setViewportSize(viewport);
      for (const path of paths) {
        await page.goto(path);
        await page.locator("#view").waitFor();
        await page.waitForLoadState("networkidle");
        const width = await page.evaluate(() => document.documentElement.scrollWidth);
        if (width > viewport.width) wide.push(`${path}: ${width} in ${viewport.width}`);
      }
    }
    assert.deepEqual(wide, []);
    await context.close();
  } finally {
    await own.stop();
  }
});
